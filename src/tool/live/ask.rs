//! What the commands read of the deployed Worker.

use super::args::PageArgs;
use crate::json;
use crate::order::Order;
use crate::tool::remote::Remote;
use crate::tool::terminal::{CommandFailure, Terminal};

/// The orders that are in force or to come.
pub(super) fn orders(remote: &Remote) -> Result<Vec<Order>, CommandFailure> {
    let document = remote.get("orders")?;
    json::from_value(&document)
        .map_err(|error| CommandFailure::usage(format!("the orders do not read: {error}")))
}

pub(super) fn remote(args: &PageArgs, terminal: &Terminal<'_>) -> Result<Remote, CommandFailure> {
    Remote::of(&args.remote, terminal)
}
