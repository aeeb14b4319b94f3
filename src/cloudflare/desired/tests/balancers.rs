//! Lists of pools by country.

use super::*;

fn balancer(config: &Value, said: &[(&str, OverrideTo)]) -> DesiredBalancer {
    wanted(config, said).balancers.pop().unwrap()
}

fn fields(config: &Value, said: &[(&str, OverrideTo)]) -> BalancerFields {
    balancer(config, said).fields.unwrap()
}

fn of_country<'f>(fields: &'f BalancerFields, country: &str) -> Vec<&'f str> {
    names(fields.country_pools.as_ref().unwrap().get(country))
}

#[test]
fn without_rules_everybody_gets_all_pools_in_the_services_order() {
    let balancer = balancer(&config(), &[]);
    assert!(!balancer.is_guarded);
    let fields = balancer.fields.unwrap();
    assert_eq!(names(fields.default_pools.as_ref()), ["de", "ie", "us", "br"]);
    assert_eq!(fields.fallback_pool.as_deref(), Some("de"));
    assert_eq!(fields.country_pools, Some(Map::new()));
    assert_eq!(fields.steering_policy.as_deref(), Some("off"));
    assert_eq!(
        (fields.proxied, fields.session_affinity, fields.random_steering),
        (None, None, None)
    );
}

#[test]
fn what_is_for_everybody_is_lawful_for_all_and_the_free_have_lists_of_their_own() {
    let balancer = balancer(&with_gdpr(config()), &[]);
    assert!(balancer.is_guarded);
    let fields = balancer.fields.unwrap();
    assert_eq!(names(fields.default_pools.as_ref()), ["de", "ie"]);
    assert_eq!(fields.fallback_pool.as_deref(), Some("de"));
    assert_eq!(
        fields.steering_policy.as_deref(),
        Some("geo"),
        "no other policy looks at countries"
    );
    for guarded in ["DE", "IE", "NO", "FR"] {
        assert_eq!(of_country(&fields, guarded), [""; 0], "{guarded}");
    }
    for free in ["US", "BR", "JP", "GB"] {
        assert_eq!(of_country(&fields, free), ["de", "ie", "us", "br"], "{free}");
    }
}

#[test]
fn pools_that_are_down_come_last_and_are_told() {
    let balancer = balancer(&with_gdpr(config()), &of(&["de"], OverrideTo::Down));
    assert_eq!(balancer.down, Set::of(["de".to_owned()]));
    let fields = balancer.fields.unwrap();
    assert_eq!(names(fields.default_pools.as_ref()), ["ie", "de"]);
    assert_eq!(fields.fallback_pool.as_deref(), Some("ie"));
    assert_eq!(of_country(&fields, "US"), ["ie", "us", "br", "de"]);
}

#[test]
fn where_everything_lawful_is_down_the_lists_stay_lawful() {
    let fields = fields(&with_gdpr(config()), &of(&["de", "ie"], OverrideTo::Down));
    assert_eq!(names(fields.default_pools.as_ref()), ["de", "ie"]);
    assert_eq!(of_country(&fields, "US"), ["us", "br", "de", "ie"]);
}

#[test]
fn a_pool_of_which_one_origin_may_be_up_is_not_down() {
    let balancer = balancer(&config(), &[("de-1", OverrideTo::Down)]);
    assert_eq!(balancer.down, Set::new());
}

#[test]
fn a_pool_of_several_regions_is_only_where_all_of_them_are_permitted() {
    let mut config = with_gdpr(config());
    config["services"]["web"]["publish"][1] = pool("mixed", &["ie", "us"]);
    let fields = fields(&config, &[]);
    assert_eq!(names(fields.default_pools.as_ref()), ["de"]);
    assert_eq!(of_country(&fields, "JP"), ["de", "mixed", "us", "br"]);
}

#[test]
fn without_a_pool_that_is_lawful_for_all_nothing_is_published() {
    // Nobody was in the EEA then, as nobody will be in a set whose memberships have ended.
    let long_ago = Timestamp::from_millis(1_000);
    let mut desired = wanted_at(&with_gdpr(config()), &[], long_ago);
    assert_eq!(desired.balancers.pop().unwrap().fields, None);
}

#[test]
fn a_region_that_the_rule_permits_beside_others_is_for_everybody_too() {
    let mut config = with_gdpr(config());
    config["residency"][0]["allow"] = json!(["@eea", "US"]);
    let fields = fields(&config, &[]);
    assert_eq!(names(fields.default_pools.as_ref()), ["de", "ie", "us"]);
}

#[test]
fn a_rule_over_another_name_binds_nothing_here() {
    let mut config = with_gdpr(config());
    config["services"]["web"]["hosts"] = json!(["other.example.com"]);
    config["residency"][0]["when"]["host"] = json!("other.example.com");
    let balancer = balancer(&config, &[]);
    assert!(!balancer.is_guarded);
    assert_eq!(names(balancer.fields.unwrap().default_pools.as_ref()).len(), 4);
}

#[test]
fn a_rule_over_one_path_binds_the_whole_name() {
    let mut config = with_gdpr(config());
    config["residency"][0]["when"]["path"] = json!("/api/*");
    assert_eq!(names(fields(&config, &[]).default_pools.as_ref()), ["de", "ie"]);
}

#[test]
fn pins_of_tenants_bind_everybody() {
    let mut config = config();
    config["services"]["web"]["tenant"] = json!({"header": "x-tenant"});
    config["services"]["web"]["hosts"] = json!(["web.example.com"]);
    config["tenants"] = json!({"acme": {"allow": "@eea"}});
    let balancer = balancer(&config, &[]);
    assert!(balancer.is_guarded);
    let fields = balancer.fields.unwrap();
    assert_eq!(names(fields.default_pools.as_ref()), ["de", "ie"]);
    assert_eq!(fields.country_pools, Some(Map::new()), "a country says nothing of the tenant");
}

#[test]
fn a_rule_by_region_leaves_out_the_other_pool_of_the_same_country() {
    let mut config = config();
    config["regions"]["ie"]["country"] = json!("DE");
    config["residency"] = json!([{
        "id": "here", "when": {"country": "FR"}, "allow": "region:de", "mode": "strict",
    }]);
    let fields = fields(&config, &[]);
    assert_eq!(names(fields.default_pools.as_ref()), ["de"], "it may serve a client from France");
    assert_eq!(of_country(&fields, "US"), ["de", "ie", "us", "br"]);
    assert_eq!(of_country(&fields, "FR"), [""; 0], "it gets the default");
}

#[test]
fn lists_by_place_hold_only_what_is_for_everybody() {
    let mut config = with_gdpr(config());
    config["services"]["web"]["steering"] = json!("geo");
    config["services"]["web"]["geo"] = json!({
        "pops": {"IAD": ["us", "ie"]},
        "regions": {"WEU": ["ie"]},
        "countries": {"FR": ["ie"], "BR": ["br"]},
    });
    let fields = fields(&config, &[]);
    assert_eq!(names(fields.pop_pools.as_ref().unwrap().get("IAD")), ["ie", "de"]);
    assert_eq!(names(fields.region_pools.as_ref().unwrap().get("WEU")), ["ie", "de"]);
    assert_eq!(of_country(&fields, "FR"), ["ie", "de"]);
    assert_eq!(of_country(&fields, "BR"), ["br", "de", "ie", "us"]);
    assert_eq!(of_country(&fields, "JP"), ["de", "ie", "us", "br"]);
}

#[test]
fn sets_say_the_same_as_lists_by_country_with_a_fallback_for_each() {
    let mut config = with_gdpr(config());
    config["services"]["web"]["publish"][4]["load_balancer"]["countries_by"] = json!("pool_sets");
    let fields = fields(&config, &[]);
    assert_eq!(fields.country_pools, Some(Map::new()));
    assert_eq!(fields.steering_policy.as_deref(), Some("off"));
    let sets = fields.pool_sets.unwrap();
    let [set] = sets.as_slice() else { panic!("{sets:?}") };
    assert_eq!((set.name.as_str(), set.disabled), ("pointsman-0", false));
    let countries = set.matches.topology.as_ref().unwrap().countries.as_ref();
    let countries = names(countries);
    assert!(countries.contains(&"US") && !countries.contains(&"DE"), "{countries:?}");
    let overrides = set.overrides.as_ref().unwrap();
    assert_eq!(names(overrides.pools.as_ref()), ["de", "ie", "us", "br"]);
    assert_eq!(overrides.fallback_pool.as_deref(), Some("de"));
}

#[test]
fn a_service_that_fails_over_by_hand_says_so() {
    let mut config = config();
    config["services"]["web"]["failover"] = json!({"mode": "manual"});
    assert!(balancer(&config, &[]).manual);
}

#[test]
fn policies_have_cloudflares_names() {
    for (ours, theirs) in [
        ("ordered", "off"),
        ("geo", "geo"),
        ("proximity", "proximity"),
        ("weighted", "random"),
        ("latency", "dynamic_latency"),
        ("least_outstanding", "least_outstanding_requests"),
    ] {
        let mut config = config();
        config["services"]["web"]["steering"] = json!(ours);
        if ours == "geo" {
            config["services"]["web"]["geo"] = json!({"pops": {"IAD": ["us"]}});
        }
        assert_eq!(fields(&config, &[]).steering_policy.as_deref(), Some(theirs), "{ours}");
    }
}
