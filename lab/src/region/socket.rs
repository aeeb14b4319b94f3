//! A WebSocket that echoes messages.
use super::mode::Mode;
use super::shared::Shared;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use std::sync::Arc;

/// Its path.
pub(super) const PATH: &str = "/ws";
/// Its subprotocol.
const SUBPROTOCOL: &str = "lab.echo";
/// A text with this prefix asks for a close with the code that follows.
const CLOSE: &str = "close:";

pub(super) async fn echo(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.protocols([SUBPROTOCOL]).on_upgrade(|socket| answer(shared, socket))
}

async fn answer(shared: Arc<Shared>, mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if shared.mode() == Mode::Reset {
            return;
        }
        let code = match &message {
            Message::Text(text) => text.strip_prefix(CLOSE).and_then(|code| code.parse().ok()),
            Message::Binary(_) => None,
            _ => continue,
        };
        let answer = match code {
            Some(code) => Message::Close(Some(CloseFrame { code, reason: "as requested".into() })),
            None => message,
        };
        if socket.send(answer).await.is_err() {
            return;
        }
    }
}
