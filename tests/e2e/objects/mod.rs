//! Every kind of object at Cloudflare, with an API and people that get in the way.

mod creation;
mod faults;
mod guards;
mod law;
mod owners;
mod pairs;
mod pools;
mod returning;
mod scene;
mod spending;
mod taking_back;

pub(crate) use scene::{one_of_each, settled};
