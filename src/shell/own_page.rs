//! A request for one of our own pages: which page it is, and what the table says of it.

use super::isolate;
use crate::config::Admin;
use crate::http::v1::Door;
use crate::http::{RequestTarget, Response, SurfaceRequest, Whose, parse_target, whose};
use crate::proxy::{Instruction, OwnPages};

/// A page of ours that is asked for.
pub(super) struct OwnPage<'r> {
    pub(super) target: RequestTarget<'r>,
    /// Its path behind our prefix.
    pub(super) page: &'r str,
    is_a_service: bool,
    /// Where the admin API answers, and who may use it.
    pub(super) admin: Option<Admin>,
}

impl OwnPage<'_> {
    /// The door of the admin API at the host that was asked.
    pub(super) fn door(&self) -> Door<'_> {
        let Self { target, is_a_service, admin, .. } = self;
        Door { host: &target.host, is_a_service: *is_a_service, admin: admin.as_ref() }
    }
}

/// The page that a request is for; `None` if it is for none of ours.
pub(super) fn asked_for(request: &SurfaceRequest) -> Option<OwnPage<'_>> {
    let target = parse_target(&request.url)?;
    let Whose::Ours(page) = whose(target.path) else { return None };
    let own = isolate::with(|isolate| isolate.own_pages(&target.host)).unwrap_or_default();
    let OwnPages { is_a_service, admin } = own;
    Some(OwnPage { target, page, is_a_service, admin })
}

/// The answer as JavaScript gives it to the client: the text of an instruction. `id` is the
/// request's.
pub(super) fn text_of(response: Response, id: &str) -> String {
    let has_one = response.has_retry_after();
    let response = if has_one { response } else { response.with_retry_after(id) };
    Instruction::Respond { response, or_stale: false, refresh: false }.text()
}
