//! The dashboard: pages for people, below `/.pointsman/`.
//!
//! [`Page::of`] says which page a path is. [`made`] makes its HTML in the Controller's object, from
//! the same documents that the admin API gives and KV has; nothing here derives how a region
//! stands. The edge recognises who looks and hands the page on. While the Controller does not
//! answer, the overview is made at the edge from the copy of the status in KV ([`by_copy`]). Who
//! goes where is made at the edge, too: it is the isolate that decides.
//!
//! Pages work without JavaScript; a script of a few lines fetches a page again and replaces what
//! has changed. Nothing is inline, so a strict `Content-Security-Policy` holds. Acts are forms: the
//! first answer shows what would change, and only its button does it.

mod act;
mod assets;
mod changes;
mod charts;
mod contracts;
mod drills;
mod fields;
mod frame;
mod incidents;
mod login;
mod map;
mod overview;
mod page;
mod parts;
mod region;
mod service;
mod session;
mod who;

pub use act::{ActForm, FORM_BYTES_MAX, acted, confirmed, form, refused, shown};
pub use assets::asset;
pub use fields::field;
pub use frame::{Looker, failed, html_answer};
pub use login::{logged_in, logged_out, login, to_login};
pub use page::{Page, by_copy, made};
pub use session::token_in;
pub use who::{Asked, Destination, destinations, questions};

#[cfg(test)]
mod tests;
