//! `br-mx-payments.toml`: what is of a country stays there, and what is public does not have to.

use super::{Setup, example};
use pointsman_lab::region::{CLIENT_HEADER, Mode};
use reqwest::Method;
use serde_json::{Value, json};

const HOST: &str = "pay.example.com";
/// What requests of payments call themselves, by the country that they must not leave.
const OF_BRAZIL: &str = "payments-of-br";
const OF_MEXICO: &str = "payments-of-mx";

/// A request: who asks, from where, for what, and what else it says.
#[derive(Clone, Copy)]
struct Ask<'a> {
    client: &'a str,
    country: &'a str,
    path: &'a str,
    headers: &'a [(&'a str, &'a str)],
}

const BRAZIL: Ask = Ask { client: OF_BRAZIL, country: "BR", path: "/v1/payments", headers: &[] };
const MEXICO: Ask = Ask { client: OF_MEXICO, country: "MX", path: "/v1/payments", headers: &[] };
const PUBLIC: Ask = Ask { client: "public", country: "BR", path: "/rates", headers: &[] };

fn cf(country: &str) -> Value {
    let (latitude, longitude) = match country {
        "BR" => ("-23.55", "-46.63"),
        "MX" => ("19.43", "-99.13"),
        _ => ("-34.60", "-58.38"),
    };
    json!({"country": country, "latitude": latitude, "longitude": longitude, "colo": "GRU"})
}

impl Setup {
    /// The region that answered a payment or a question, or the refusal: status, code, all of it.
    async fn outcome(&self, method: Method, ask: Ask<'_>) -> String {
        let request = self.edge().request(method, HOST, ask.path, Some(&cf(ask.country)));
        let request = request.header(CLIENT_HEADER, ask.client).body("amount=100");
        let request = ask
            .headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = request.send().await.unwrap();
        if let Some(region) = answer.headers().get("x-lab-region") {
            return region.to_str().unwrap().to_owned();
        }
        let status = answer.status().as_u16();
        let problem: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        format!("{status} {} {problem}", problem["code"].as_str().unwrap())
    }

    async fn pays(&self, ask: Ask<'_>) -> String {
        self.outcome(Method::POST, ask).await
    }

    async fn asks(&self, ask: Ask<'_>) -> String {
        self.outcome(Method::GET, ask).await
    }

    /// The requests of payments that reached a region of another country, answered or not.
    fn violations(&self) -> u64 {
        let abroad = |client: &str, at_home: [&str; 2]| -> u64 {
            let abroad = self.regions.iter().filter(|(id, _)| !at_home.contains(&id.as_str()));
            abroad.map(|(_, region)| region.served_to(client)).sum()
        };
        abroad(OF_BRAZIL, ["sao-paulo", "rio"]) + abroad(OF_MEXICO, ["queretaro", "monterrey"])
    }

    /// Breaks regions, and lets proxies know.
    async fn lose(&mut self, regions: &[&str]) {
        for region in regions {
            self.set(region, Mode::Refuse).await;
        }
        self.minutes(2).await;
        self.crash().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_stay_in_their_country_through_the_loss_of_one_region_and_of_both() {
    let mut setup = Setup::start(&example("br-mx-payments.toml")).await;
    assert_eq!(setup.pays(BRAZIL).await, "sao-paulo");
    assert_eq!(setup.pays(MEXICO).await, "queretaro");
    assert_eq!(setup.asks(PUBLIC).await, "sao-paulo");

    // Before anybody knows: the request is sent once more, in the same country.
    setup.set("sao-paulo", Mode::Refuse).await;
    assert_eq!(setup.pays(BRAZIL).await, "rio");
    setup.lose(&["sao-paulo"]).await;
    assert_eq!(setup.pays(BRAZIL).await, "rio");
    assert_eq!(setup.pays(MEXICO).await, "queretaro");

    setup.set("rio", Mode::Refuse).await;
    let before = setup.pays(BRAZIL).await;
    assert!(before.starts_with("50"), "{before}");
    setup.lose(&["rio"]).await;
    for method in [Method::POST, Method::GET] {
        let refused = setup.outcome(method, BRAZIL).await;
        assert!(refused.starts_with("503 no_usable_region"), "{refused}");
        assert!(refused.contains("br-payments"), "{refused}");
        assert!(refused.contains("Our terms for Brazil, clause 8"), "{refused}");
    }
    assert_eq!(setup.pays(MEXICO).await, "queretaro", "Mexico is as it was");
    let elsewhere = setup.asks(PUBLIC).await;
    assert!(["queretaro", "monterrey", "ashburn"].contains(&elsewhere.as_str()), "{elsewhere}");

    setup.set("sao-paulo", Mode::Healthy).await;
    setup.minutes(4).await;
    setup.crash().await;
    assert_eq!(setup.pays(BRAZIL).await, "sao-paulo", "the only one has all at once");
    assert_eq!(setup.violations(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_keeps_its_country_wherever_its_client_seems_to_be() {
    let mut setup = Setup::start(&example("br-mx-payments.toml")).await;
    let pin = r#"{"allow": "BR", "country": "BR"}"#;
    setup.edge().kv_put("tenant:m-3001", pin).await.unwrap();
    let listed: &[_] = &[("x-merchant", "m-1001")];
    let in_kv: &[_] = &[("x-merchant", "m-3001")];
    let account: &[_] = &[("x-account-country", "BR")];
    for headers in [listed, in_kv, account] {
        let paid = setup.pays(Ask { country: "AR", headers, ..BRAZIL }).await;
        assert!(["sao-paulo", "rio"].contains(&paid.as_str()), "{headers:?}: {paid}");
    }
    let none = "451 no_permitted_region";
    for ask in [
        Ask { country: "MX", headers: listed, ..BRAZIL },
        Ask { country: "MX", headers: account, ..BRAZIL },
        Ask { country: "XX", ..BRAZIL },
        Ask { country: "T1", ..MEXICO },
    ] {
        let refused = setup.pays(ask).await;
        assert!(refused.starts_with(none), "{} {:?}: {refused}", ask.country, ask.headers);
    }
    let public = setup.asks(Ask { country: "MX", headers: listed, ..PUBLIC }).await;
    assert!(["sao-paulo", "rio"].contains(&public.as_str()), "a pin is about each path: {public}");

    setup.lose(&["sao-paulo", "rio"]).await;
    for headers in [listed, in_kv, account] {
        let refused = setup.pays(Ask { country: "AR", headers, ..BRAZIL }).await;
        assert!(refused.starts_with("503 no_usable_region"), "{headers:?}: {refused}");
    }
    let stranger = setup.pays(Ask { client: "stranger", country: "AR", ..BRAZIL }).await;
    assert!(["queretaro", "monterrey"].contains(&stranger.as_str()), "never ashburn: {stranger}");
    assert_eq!(setup.violations(), 0);
}
