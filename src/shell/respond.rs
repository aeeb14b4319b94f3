//! From our response model to the runtime's response.

use crate::http::Response;
use worker::Result;

/// Builds the response.
pub(super) fn build(model: &Response) -> Result<web_sys::Response> {
    let init = web_sys::ResponseInit::new();
    init.set_status(model.status);
    let response = web_sys::Response::new_with_opt_str_and_init(Some(&model.body), &init)?;
    for (name, value) in &model.headers {
        response.headers().set(name, value)?;
    }
    Ok(response)
}
