//! A request for one of our own pages: which page it is, and what the table says of it.

use super::{clock, isolate, routes};
use crate::config::Admin;
use crate::http::v1::Door;
use crate::http::{RequestTarget, SurfaceRequest, Whose, parse_target, whose};
use crate::proxy::OwnPages;
use worker::Env;

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

/// The page that a request is for, with the table of now; `None` if it is for none of ours.
pub(super) async fn asked_for<'r>(env: &Env, request: &'r SurfaceRequest) -> Option<OwnPage<'r>> {
    let target = parse_target(&request.url)?;
    let Whose::Ours(page) = whose(target.path) else { return None };
    if isolate::with(|isolate| isolate.should_load(clock::now())).unwrap_or_default() {
        routes::load(env).await;
    }
    let own = isolate::with(|isolate| isolate.own_pages(&target.host)).unwrap_or_default();
    let OwnPages { is_a_service, admin } = own;
    Some(OwnPage { target, page, is_a_service, admin })
}
