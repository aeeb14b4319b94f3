//! Which routes there are, and who may take them.

use crate::journal::Role;

/// The path of the API behind [`crate::http::ADMIN_PREFIX`].
pub const V1: &str = "v1/";
/// The page of metrics, behind the same prefix. It is no part of the API, since programs that read
/// it know this form and no other, and it is shown to the same callers at the same hosts.
pub const METRICS_PAGE: &str = "metrics";

/// The page that says what this isolate has seen, behind the same prefix: the only one that a
/// Worker for requests alone has.
pub const PROXY_PAGE: &str = "v1/proxy";

/// What a route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// How everything stands.
    Status,
    /// What this isolate has seen of regions and services.
    Proxy,
    /// The incidents that are kept.
    Incidents,
    /// One incident.
    Incident,
    /// The drills that are kept.
    Drills,
    /// One drill.
    Drill,
    /// A part of the audit chain.
    Audit,
    /// The orders that are in force or to come.
    Orders,
    /// How services keep what they promise.
    Contracts,
    /// How services recover.
    Recovery,
    /// How the last day went.
    Trends,
    /// One region.
    Region,
    /// The config in use.
    Config,
    /// The configs that were in use.
    ConfigHistory,
    /// One config.
    ConfigRevision,
    /// Where a request would go that nobody has sent.
    Explain,
    /// This API as an OpenAPI document.
    OpenApi,
    /// A person does something.
    Act,
}

/// One route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// `GET`, which stands for `HEAD` too, or `POST`.
    pub method: &'static str,
    /// The path behind [`V1`]. A segment in braces stands for any one segment.
    pub path: &'static str,
    /// The least role that may take it. An act may ask for a higher one ([`crate::order::Act`]).
    pub role: Role,
    /// What it does.
    pub operation: Operation,
    /// The same in words, for documents.
    pub summary: &'static str,
}

/// All routes. The dispatch, the OpenAPI document and the tests are made from this table.
pub const ROUTES: &[Route] = &[
    get("status", Operation::Status, "How everything stands"),
    get("proxy", Operation::Proxy, "What one isolate of the proxy has seen"),
    get("incidents", Operation::Incidents, "The incidents that are kept, the latest first"),
    get("incidents/{id}", Operation::Incident, "One incident"),
    get("drills", Operation::Drills, "The drills that are kept, the latest first"),
    get("drills/{id}", Operation::Drill, "One drill"),
    get("audit", Operation::Audit, "A part of the audit chain"),
    get("orders", Operation::Orders, "The orders that are in force or to come"),
    get("contracts", Operation::Contracts, "What services promise, and whether they keep it"),
    get("recovery", Operation::Recovery, "How services recover: stages, plans and their steps"),
    get("trends", Operation::Trends, "How the last day went, hour by hour"),
    get("regions/{id}", Operation::Region, "One region with its origins"),
    get("config", Operation::Config, "The config in use"),
    get("config/history", Operation::ConfigHistory, "The configs that were in use"),
    get("config/{revision}", Operation::ConfigRevision, "One config"),
    get("explain", Operation::Explain, "Where a request would go that nobody has sent, and why"),
    get("openapi.json", Operation::OpenApi, "This document"),
    Route {
        method: "POST",
        path: "acts",
        role: Role::Operator,
        operation: Operation::Act,
        summary: "Do something: drain, override, switch, halt, push a config, …",
    },
];

const fn get(path: &'static str, operation: Operation, summary: &'static str) -> Route {
    Route { method: "GET", path, role: Role::Viewer, operation, summary }
}

/// What a path and a method ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'p> {
    /// This route, with what stands for the segment in braces.
    Route(&'static Route, &'p str),
    /// The path has other methods, these.
    OtherMethod(&'static str),
    /// No route has this path.
    Nothing,
}

/// Finds the route. `path` is what comes behind [`V1`], without a query. A literal segment comes
/// before one in braces.
#[must_use]
pub fn find<'p>(method: &str, path: &'p str) -> Found<'p> {
    let matching = || ROUTES.iter().filter_map(|route| Some((route, parameter(route.path, path)?)));
    let best = matching().min_by_key(|(route, _)| route.path.contains('{'));
    let Some((best, _)) = best else { return Found::Nothing };
    let method = if method == "HEAD" { "GET" } else { method };
    let same = matching().find(|(route, _)| route.path == best.path && route.method == method);
    match same {
        Some((route, given)) => Found::Route(route, given),
        None if best.method == "GET" => Found::OtherMethod("GET, HEAD"),
        None => Found::OtherMethod(best.method),
    }
}

/// What stands for the segment in braces; empty if there is none. `None` if the path is another.
fn parameter<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    let Some((before, _)) = pattern.split_once('{') else {
        return (pattern == path).then_some("");
    };
    let given = path.strip_prefix(before)?;
    (!given.is_empty() && !given.contains('/')).then_some(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: &str, path: &str) -> Option<(Operation, String)> {
        match find(method, path) {
            Found::Route(route, given) => Some((route.operation, given.to_owned())),
            _ => None,
        }
    }

    #[test]
    fn each_route_is_found_by_its_path() {
        for route in ROUTES {
            let path = route.path.replace("{id}", "some-id").replace("{revision}", "7");
            let given = path.strip_prefix(route.path.split('{').next().unwrap()).unwrap();
            let expected = Some((route.operation, given.to_owned()));
            assert_eq!(found(route.method, &path), expected, "{path}");
        }
    }

    #[test]
    fn a_literal_segment_comes_before_one_in_braces() {
        assert_eq!(found("GET", "config/history").unwrap().0, Operation::ConfigHistory);
        assert_eq!(found("GET", "config/his").unwrap().1, "his");
    }

    #[test]
    fn other_methods_and_other_paths_are_told_apart() {
        assert_eq!(find("POST", "status"), Found::OtherMethod("GET, HEAD"));
        assert_eq!(find("GET", "acts"), Found::OtherMethod("POST"));
        assert_eq!(found("HEAD", "status").unwrap().0, Operation::Status);
        for path in ["", "statu", "status/", "incidents/", "incidents/a/b", "Status", "config//"] {
            assert_eq!(find("GET", path), Found::Nothing, "{path}");
        }
    }

    #[test]
    fn whatever_changes_something_is_a_post_and_not_for_viewers() {
        for route in ROUTES {
            assert_eq!(route.method == "POST", route.role > Role::Viewer, "{}", route.path);
        }
    }
}
