//! The dashboard: recognises who looks, has the Controller make the page, and sends it.

use super::call::{self, Call};
use super::limiter::count;
use super::runtime::Env;
use super::{clock, controller, isolate, kv};
use crate::dashboard::{
    ActForm, Asked, FORM_BYTES_MAX, Looker, Page, acted, asset, by_copy, confirmed, destinations,
    failed, field, form, html_answer, logged_in, logged_out, login, questions, refused, shown,
    to_login, token_in,
};
use crate::documents::STATUS_KEY;
use crate::http::v1::{Caller, Code, Counted, Fault, LOOKS_PER_MINUTE_MAX, must_be_of_this_site};
use crate::http::{Response, SurfaceRequest};
use crate::json;
use crate::order::{Acted, Look};
use wasm_bindgen::JsValue;

/// What a path of the dashboard asks for.
enum Wanted {
    Login,
    Logout,
    Act,
    Page(Page),
}

/// Answers a request for a page of the dashboard; `None` if it is for none.
pub(super) async fn answer(call: &Call<'_>, path: &str, query: &str) -> Option<Response> {
    let is_look = matches!(&*call.request.method, "GET" | "HEAD");
    if let Some(asset) = asset(path).filter(|_| is_look) {
        return Some(asset);
    }
    let wanted = match path {
        "login" => Wanted::Login,
        "logout" => Wanted::Logout,
        "act" => Wanted::Act,
        _ => Wanted::Page(Page::of(path, query)?),
    };
    let is_post = call.request.method == "POST";
    Some(match (wanted, is_look, is_post) {
        (Wanted::Login, true, _) => login(None, &field(query, "back").unwrap_or_default()),
        (Wanted::Login, _, true) => enter(call).await,
        (Wanted::Logout, _, true) => leave(call),
        (Wanted::Act, true, _) => asked(call, query).await,
        (Wanted::Act, _, true) => done(call).await,
        (Wanted::Page(page), true, _) => looked(call, &page, path, query).await,
        (wanted, ..) => {
            let allow = match wanted {
                Wanted::Login | Wanted::Act => "GET, HEAD, POST",
                Wanted::Logout => "POST",
                Wanted::Page(_) => "GET, HEAD",
            };
            let detail = ["it takes ", allow].concat();
            failed(&Fault::new(Code::MethodNotAllowed, detail).with("allow", allow), None)
        }
    })
}

/// Somebody logs in.
async fn enter(call: &Call<'_>) -> Response {
    let entered = async {
        must_be_of_this_site(call.request)?;
        let text = call::text(call.body, FORM_BYTES_MAX).await?;
        let token = field(&text, "token").unwrap_or_default();
        let back = field(&text, "back").unwrap_or_default();
        let shows = bearing(call.request, &token);
        call.recognised(&shows).await?;
        Ok::<_, Fault>((token, back))
    };
    match entered.await {
        Ok((token, back)) => logged_in(&token, &back, &call.request.url),
        Err(fault) if matches!(fault.code, Code::Unauthenticated) => {
            login(Some("This token is not known."), "")
        }
        Err(fault) => failed(&fault, None),
    }
}

fn leave(call: &Call<'_>) -> Response {
    match must_be_of_this_site(call.request) {
        Ok(()) => logged_out(&call.request.url),
        Err(fault) => failed(&fault, None),
    }
}

/// The same request, with a token.
fn bearing(request: &SurfaceRequest, token: &str) -> SurfaceRequest {
    SurfaceRequest { authorization: Some(["Bearer ", token].concat()), ..request.clone() }
}

/// Who looks, and the same as the API knows callers. Errors: the answer to whoever is not known.
async fn looker(call: &Call<'_>) -> Result<(Looker, Caller), Response> {
    let cookie = call.request.cookie.as_deref().and_then(token_in);
    let by_cookie = call.request.authorization.is_none() && cookie.is_some();
    let shows = match cookie.filter(|_| by_cookie) {
        Some(token) => bearing(call.request, &token),
        None => call.request.clone(),
    };
    let caller = call.recognised(&shows).await.map_err(|fault| match fault.code {
        Code::Unauthenticated => to_login(call.path_and_query),
        _ => failed(&fault, None),
    })?;
    let now = clock::now();
    let looker = Looker { name: caller.who.to_string(), role: caller.role, by_cookie, now };
    let counted = count(Counted::Look, LOOKS_PER_MINUTE_MAX, &looker.name);
    counted.map_err(|fault| failed(&fault, Some(&looker)))?;
    Ok((looker, caller))
}

/// A page that shows something.
async fn looked(call: &Call<'_>, wanted: &Page, path: &str, query: &str) -> Response {
    let (looker, caller) = match looker(call).await {
        Ok(known) => known,
        Err(response) => return response,
    };
    if let Page::Who(asked) = wanted {
        return who(asked, &looker);
    }
    let look = Look {
        page: path.to_owned(),
        query: query.to_owned(),
        name: looker.name.clone(),
        role: caller.role,
        by_cookie: looker.by_cookie,
    };
    match controller::look(call.env, look, call::CONTROLLER_TIMEOUT_MS).await {
        Ok(Some(page)) => html_answer(200, page),
        Ok(None) => {
            let fault = Fault::new(Code::NotFound, "There is nothing of this name.");
            failed(&fault, Some(&looker))
        }
        Err(error) => without_controller(call.env, wanted, &error, &looker).await,
    }
}

/// What is shown while the Controller does not answer.
async fn without_controller(
    env: &Env,
    wanted: &Page,
    error: &JsValue,
    looker: &Looker,
) -> Response {
    let fault = call::unavailable("dashboard", error);
    if *wanted == Page::Overview {
        let copy = kv::get(env, STATUS_KEY).await.flatten();
        if let Some(status) = copy.and_then(|copy| json::read(&copy).ok()) {
            return html_answer(200, by_copy(&status, &fault.detail, looker));
        }
    }
    failed(&fault, Some(looker))
}

/// Who goes where, as this isolate decides it.
fn who(asked: &Asked, looker: &Looker) -> Response {
    let told = isolate::with(|isolate| {
        let hosts = isolate.hosts();
        let asked = asked.clone().of_some_host(&hosts);
        let answers = questions(&asked).filter_map(|question| {
            Some((question.country, isolate.explain(&question, looker.now)?))
        });
        asked.page(&destinations(answers.collect()), &hosts, looker)
    });
    let silent = || Fault::new(Code::Unavailable, "this isolate is busy");
    told.unwrap_or_else(|| failed(&silent(), Some(looker)))
}

/// The form of an act.
async fn asked(call: &Call<'_>, query: &str) -> Response {
    match looker(call).await {
        Err(response) => response,
        Ok((looker, _)) => match ActForm::of(query) {
            Ok(asked) => form(&asked, &looker),
            Err(fault) => failed(&fault, Some(&looker)),
        },
    }
}

/// Shows what an act would change, or does it.
async fn done(call: &Call<'_>) -> Response {
    let (looker, caller) = match looker(call).await {
        Ok(known) => known,
        Err(response) => return response,
    };
    let sent = async {
        must_be_of_this_site(call.request)?;
        count(Counted::Act, call.acts_per_minute, &looker.name)?;
        ActForm::of(&call::text(call.body, FORM_BYTES_MAX).await?)
    };
    let asked = match sent.await {
        Ok(asked) => asked,
        Err(fault) => return failed(&fault, Some(&looker)),
    };
    let would = match act(call.env, &asked, &caller, true).await {
        Ok(would) => would,
        Err(fault) => return refused(&asked, &fault, &looker),
    };
    if !confirmed(&asked, &would) {
        return shown(&asked, &would, &format!("form-{:x}", clock::chance()), &looker);
    }
    match act(call.env, &asked, &caller, false).await {
        Ok(did) => acted(&asked, &did, &looker),
        Err(fault) => refused(&asked, &fault, &looker),
    }
}

async fn act(env: &Env, asked: &ActForm, caller: &Caller, is_dry: bool) -> Result<Acted, Fault> {
    let key = (!is_dry && !asked.key.is_empty()).then(|| asked.key.clone());
    call::act(env, &asked.body(is_dry, clock::now()), caller.clone(), key).await
}
