//! Pages that a proxy must pass on unchanged: compressed bytes, parts of a body, and responses that
//! the client specifies.
use super::shared::Shared;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Eight lines of `compressed by the region`, by gzip.
const GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03K\xce\xcf-(J-.NMQH\xaaT(\xc9HU(J\
    M\xcf\xcc\xcf\xe3J\x1eZ\x12\x00\xcc\xc5\xed\x06\xc8\x00\x00\x00";
/// The body of `/ranges`.
const WHOLE: &str = "0123456789abcdefghijklmnopqrstuvwxyz";

pub(super) async fn gzip() -> Response {
    let headers = [(header::CONTENT_ENCODING, "gzip"), (header::CONTENT_TYPE, "text/plain")];
    (headers, GZIP).into_response()
}

/// A response with this status and its reason as JSON.
pub(super) fn status(code: u16) -> Response {
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (code, Json(json!({ "error": code.canonical_reason() }))).into_response()
}

/// One range of bytes, `bytes=first-last`, or everything.
pub(super) async fn ranges(headers: HeaderMap) -> Response {
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let part = asked.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let Some((Ok(first), Ok(last))) = part.map(|(a, b)| (a.parse::<usize>(), b.parse::<usize>()))
    else {
        return ([(header::ACCEPT_RANGES, "bytes")], WHOLE).into_response();
    };
    let Some(part) = WHOLE.get(first..=last) else {
        return StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    };
    let range = format!("bytes {first}-{last}/{}", WHOLE.len());
    (StatusCode::PARTIAL_CONTENT, [(header::CONTENT_RANGE, range)], part).into_response()
}

/// Answers as the query says: `code`, `delay_ms` before the head, `body`, and any number of
/// `header=name: value`. With `pieces=<n>` the body is sent so many times, and its length is not
/// announced. With `in=<region>` all other regions answer at once with 200.
pub(super) async fn told(
    State(shared): State<Arc<Shared>>,
    Query(told): Query<Vec<(String, String)>>,
) -> Response {
    let one = |name: &str| told.iter().find(|(key, _)| key == name).map(|(_, text)| text.as_str());
    let is_meant = one("in").is_none_or(|region| region == shared.id());
    let number = |name: &str| one(name).filter(|_| is_meant).and_then(|text| text.parse().ok());
    if let Some(delay_ms) = number("delay_ms") {
        sleep(Duration::from_millis(delay_ms)).await;
    }
    let code = number("code").and_then(|code| u16::try_from(code).ok()).unwrap_or(200);
    let mut response = match (one("body"), number("pieces")) {
        (Some(body), Some(pieces)) => in_pieces(body, pieces),
        (Some(body), None) => body.to_owned().into_response(),
        (None, _) => status(code),
    };
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or_default();
    for (_, text) in told.iter().filter(|(key, _)| key == "header" && is_meant) {
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value.trim())) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// A body without an announced length.
fn in_pieces(body: &str, pieces: u64) -> Response {
    let piece = Ok::<_, Infallible>(Bytes::copy_from_slice(body.as_bytes()));
    let pieces = usize::try_from(pieces).unwrap_or(usize::MAX);
    Body::from_stream(stream::repeat(piece).take(pieces)).into_response()
}
