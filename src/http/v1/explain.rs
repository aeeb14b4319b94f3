//! What is asked about a request that nobody has sent, and what is told about it.

use super::fault::{Code, Fault};
use crate::country::Country;
use crate::ids::{RegionId, RuleId, ServiceId};
use crate::json::fields;
use crate::time::Timestamp;
use percent_encoding::percent_decode_str;

/// Most headers of a request that is asked about.
pub const EXPLAINED_HEADERS_MAX: usize = 32;
/// The parameters of the question.
pub(super) const EXPLAIN_PARAMETERS: [(&str, &str); 8] = [
    ("host", "The host that the client asks for"),
    ("path", "The path; `/` if absent"),
    ("method", "The method; `GET` if absent"),
    ("country", "The client's country; unknown if absent"),
    ("subdivision", "The code of its state or province, without the country"),
    ("colo", "The Cloudflare data center that takes the request"),
    ("client", "The client's address, or another one; it is not kept"),
    ("header", "A header, as `name:value`; it may be there several times"),
];

/// A request that nobody has sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imagined {
    /// The host, in lower case.
    pub host: String,
    /// The path.
    pub path: String,
    /// The method.
    pub method: String,
    /// The client's country.
    pub country: Option<Country>,
    /// The code of its state or province.
    pub subdivision: Option<String>,
    /// The data center that takes it.
    pub colo: Option<String>,
    /// Its address.
    pub client: Option<String>,
    /// Its headers, with names in lower case.
    pub headers: Vec<(String, String)>,
}

/// Where it would go, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The service of the host; absent if no service has it.
    pub service: Option<ServiceId>,
    /// The regions to try, best first.
    pub regions: Vec<RegionId>,
    /// How the first was chosen.
    pub how: String,
    /// Why it would be refused.
    pub refusal: Option<String>,
    /// The rules that guard it.
    pub rules: Vec<RuleId>,
    /// The regions that it may not have, in failover order.
    pub removed: Vec<Removed>,
    /// The regions that stand behind the others.
    pub behind: Vec<Behind>,
    /// Which table says so.
    pub generation: u64,
    /// When the Controller wrote that table.
    pub as_of: Timestamp,
}

/// A region that was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The region.
    pub region: RegionId,
    /// The filter that removed it.
    pub filter: String,
    /// The rule that forbids it.
    pub rule: Option<RuleId>,
}

/// Regions that a wish put behind the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The wish.
    pub filter: String,
    /// The regions.
    pub regions: Vec<RegionId>,
}

fields!(Explained {
    service if any,
    regions,
    how,
    refusal if any,
    rules,
    removed,
    behind,
    generation,
    as_of,
});
fields!(Removed { region, filter, rule if any });
fields!(Behind { filter, regions });

impl Imagined {
    /// Reads the question from a query. Errors: [`Code::Invalid`]; a parameter that nobody knows
    /// would change the answer without notice, and is refused.
    pub(super) fn of(query: &str) -> Result<Self, Fault> {
        let mut asked = Self { path: "/".to_owned(), method: "GET".to_owned(), ..Self::default() };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value).decode_utf8();
            let value = value.map_err(|_| invalid("the query is not UTF-8"))?.into_owned();
            asked.take(key, value)?;
        }
        if asked.host.is_empty() {
            return Err(invalid("`host` is missing"));
        }
        Ok(asked)
    }

    fn take(&mut self, key: &str, value: String) -> Result<(), Fault> {
        match key {
            "host" => self.host = value.trim_end_matches('.').to_ascii_lowercase(),
            "path" if value.starts_with('/') => self.path = value,
            "path" => return Err(invalid("`path` begins with `/`")),
            "method" => self.method = value.to_ascii_uppercase(),
            "country" => {
                let country = Country::parse(&value);
                self.country = Some(country.map_err(|bad| invalid(&bad.to_string()))?);
            }
            "subdivision" => self.subdivision = Some(value),
            "colo" => self.colo = Some(value),
            "client" => self.client = Some(value),
            "header" if self.headers.len() < EXPLAINED_HEADERS_MAX => {
                let (name, text) =
                    value.split_once(':').ok_or_else(|| invalid("write `header=name:value`"))?;
                self.headers.push((name.trim().to_ascii_lowercase(), text.trim().to_owned()));
            }
            "header" => return Err(invalid("there are too many headers")),
            _ => {
                let known: Vec<&str> = EXPLAIN_PARAMETERS.iter().map(|(name, _)| *name).collect();
                return Err(invalid(&["the parameters are ", &known.join(", ")].concat()));
            }
        }
        Ok(())
    }

    /// A header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let mut headers = self.headers.iter();
        headers.find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

fn invalid(detail: &str) -> Fault {
    Fault::new(Code::Invalid, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_says_what_request_is_meant() {
        let query = "host=API.example.com.&path=%2Fa%20b&method=post&country=DE&header=X-T:%20a:b";
        let asked = Imagined::of(query).unwrap();
        assert_eq!(
            (&*asked.host, &*asked.path, &*asked.method),
            ("api.example.com", "/a b", "POST")
        );
        assert_eq!(asked.header("x-t").as_deref(), Some("a:b"));
        assert!(asked.country.is_some() && asked.client.is_none());
    }

    #[test]
    fn what_would_change_the_answer_without_notice_is_refused() {
        for query in [
            "",
            "host=",
            "host=a.b&contry=DE",
            "host=a.b&country=Germany",
            "host=a.b&path=x",
            "host=a.b&header=x",
            "host=%ff",
        ] {
            assert_eq!(Imagined::of(query).unwrap_err().code, Code::Invalid, "{query}");
        }
        let many = format!("host=a.b{}", "&header=a:b".repeat(EXPLAINED_HEADERS_MAX + 1));
        assert_eq!(Imagined::of(&many).unwrap_err().code, Code::Invalid);
    }
}
