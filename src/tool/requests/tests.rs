use super::*;
use crate::config;
use crate::country::COUNTRIES;
use crate::residency::{TenantClaim, normalise};
use crate::time::Timestamp;
use crate::tool::Source;
use crate::tool::oracle::Kv;

/// The kinds for the only service of a config with these lines added to it and after it.
fn kinds_with(service: &str, after: &str) -> Vec<Kinds> {
    let text = format!(
        "version = 1\n[monitors.http]\n[regions.r]\ncountry = \"DE\"\n[[regions.r.origins]]\n\
         id = \"r\"\nurl = \"https://r.example.net\"\n[services.s]\nmonitor = \"http\"\n\
         regions = [\"r\"]\n{service}\n{after}"
    );
    let source = Source::read("s.toml", &text).unwrap();
    let config = Config::parse(&config::canonical(&source.value)).unwrap();
    let oracle = Oracle::new(&config, Timestamp::default());
    kinds(&oracle, config.services.values().next().unwrap())
}

const HOST: &str = "hosts = [\"s.example.com\"]";

fn rule(when: &str) -> String {
    let id = when.len();
    let head = format!("[[residency]]\nid = \"rule-{id}\"\nallow = \"DE\"\nmode = \"strict\"\n");
    format!("{head}when = {{ {when} }}\n")
}

fn tenants(kinds: &[Kinds]) -> BTreeSet<Option<String>> {
    let forms = kinds.iter().flat_map(|kinds| &kinds.forms);
    forms.map(|form| form.tenant.id().map(ToString::to_string)).collect()
}

fn names(names: &[Option<&str>]) -> BTreeSet<Option<String>> {
    names.iter().map(|name| name.map(str::to_owned)).collect()
}

#[test]
fn every_country_is_in_one_group_and_so_is_not_knowing_it() {
    let rules = [rule("country = \"@eea\""), rule("country = [\"DE\", \"BR\"]")].concat();
    let kinds = kinds_with(HOST, &rules);
    let groups = &kinds[0].groups;
    assert_eq!(groups.iter().map(|group| group.countries.len()).sum::<usize>(), COUNTRIES + 1);
    // Under none, under the first, under both as `DE`, under the second as `BR`; nowhere as `DE`.
    assert_eq!(groups.len(), 4);
    let with_nowhere = groups.iter().find(|group| group.countries.contains(&None)).unwrap();
    assert_eq!(with_nowhere.first(), Country::parse("DE").ok());
}

#[test]
fn methods_are_those_of_the_rules_and_one_safe_and_one_unsafe_more() {
    let kinds = kinds_with(HOST, &rule("method = [\"GET\", \"POST\", \"PROPFIND\"]"));
    assert_eq!(kinds[0].methods, ["HEAD", "PUT", "GET", "POST", "PROPFIND"]);
}

#[test]
fn a_header_says_what_is_asked_for_another_text_and_nothing() {
    let kinds = kinds_with(HOST, &rule("header = { x-plan = \"gold\", x-beta = true }"));
    let said: Vec<String> = kinds[0].forms.iter().map(|f| format!("{:?}", f.headers)).collect();
    assert_eq!(said.len(), 2 * 3, "{said:#?}");
    assert!(!kinds[0].headers_alone);
    let many: Vec<String> = (0..7).map(|number| format!("x-{number} = \"a\"")).collect();
    let kinds = kinds_with(HOST, &rule(&format!("header = {{ {} }}", many.join(", "))));
    assert!(kinds[0].headers_alone);
    assert_eq!(kinds[0].forms.len(), 2 + 7 * 2);
    assert!(kinds[0].forms.iter().any(|form| form.headers.len() == 7), "all of them together");
}

#[test]
fn a_path_in_disguise_is_the_same_path() {
    let kinds = kinds_with(HOST, &rule("path = [\"/api/*\", \"/login\", \"/é/x\"]"));
    let forms = &kinds[0].forms;
    assert!(forms.iter().any(|form| form.path.is_none()), "one is too long to be read");
    for form in forms {
        for spelling in &form.spellings {
            assert_eq!(normalise(spelling).as_deref(), form.path.as_deref());
        }
    }
    let [plain, disguised] =
        &forms.iter().find(|f| f.path.as_deref() == Some("/login")).unwrap().spellings;
    assert_ne!(plain, disguised);
}

#[test]
fn tenants_differ_by_pin_and_by_the_rules_that_name_them() {
    let after = "[tenants.a]\nallow = \"DE\"\n[tenants.b]\nallow = \"DE\"\n".to_owned()
        + &rule("tenant = [\"b\", \"c\"]");
    let kinds = kinds_with(&format!("{HOST}\ntenant = {{ header = \"X-Tenant\" }}"), &after);
    let expected = names(&[None, Some("a"), Some("b"), Some("c"), Some("unknown")]);
    assert_eq!(tenants(&kinds), expected);
    let alike = "[tenants.a]\nallow = \"DE\"\n[tenants.b]\nallow = \"DE\"\n";
    let kinds = kinds_with(&format!("{HOST}\ntenant = {{ cookie = \"t\" }}"), alike);
    assert_eq!(tenants(&kinds), names(&[None, Some("a"), Some("unknown")]));
}

#[test]
fn a_tenant_is_told_where_the_edge_reads_it() {
    let after = "[tenants.acme]\nallow = \"DE\"\n";
    let starred = "hosts = [\"*.example.com\"]";
    for (hosts, tenant, source) in [
        (HOST, "header = \"X-Tenant\"", TenantSource::Header("x-tenant".to_owned())),
        (HOST, "cookie = \"Tenant\"", TenantSource::Cookie("Tenant".to_owned())),
        (HOST, "path_segment = 2", TenantSource::PathSegment(2)),
        (starred, "host_label = 1", TenantSource::HostLabel(1)),
    ] {
        let kinds = kinds_with(&format!("{hosts}\ntenant = {{ {tenant} }}"), after);
        assert!(tenants(&kinds).contains(&Some("acme".to_owned())), "{tenant}");
        for form in kinds.iter().flat_map(|kinds| &kinds.forms) {
            let path = normalise(&form.spellings[1]);
            let header = |name: &str| form.header(name);
            let claim = match &form.tenant {
                ToldTenant::Nothing => TenantClaim::None,
                ToldTenant::Tenant(id) => TenantClaim::Tenant(id.clone()),
                ToldTenant::Unreadable => TenantClaim::Unreadable,
            };
            assert_eq!(source.find(&form.host, path.as_deref(), &header), claim, "{tenant}");
        }
    }
}

#[test]
fn kv_does_not_answer_has_nothing_or_pins_a_tenant_that_the_config_does_not_name() {
    let service = format!("{HOST}\ntenant = {{ header = \"t\", kv = true }}");
    let kinds = kinds_with(&service, "[tenants.acme]\nallow = \"DE\"\n");
    let germany = Country::parse("DE").unwrap();
    let unknown = kinds[0]
        .forms
        .iter()
        .filter(|form| form.tenant.id().is_some_and(|tenant| tenant.as_str() == "unknown"));
    let kv: Vec<Kv> = unknown.map(|form| form.kv).collect();
    assert_eq!(kv, [Kv::Unread, Kv::Absent, Kv::Country(germany), Kv::Region(0)]);
}

#[test]
fn a_host_with_a_star_is_asked_for_by_the_names_that_rules_know() {
    let after = rule("host = \"a.example.com\"");
    let kinds = kinds_with("hosts = [\"*.example.com\", \"s.example.org\"]", &after);
    let hosts: Vec<&str> = kinds.iter().map(|kinds| kinds.forms[0].host.as_str()).collect();
    assert_eq!(hosts, ["a.example.com", "s.example.org", "x.example.com"]);
}
