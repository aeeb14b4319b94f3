//! One request as a person writes it.

use super::super::oracle::{Form, Kv, ToldTenant};
use super::super::requests;
use super::super::text::list;
use super::expect::Expectation;
use super::object::present_object;
use crate::config::Config;
use crate::country::Country;
use crate::geo::{
    DATA_CENTERS_AS_OF, Meant, is_data_center, may_be_data_center, meant_data_center,
};
use crate::http::{Whose, whose};
use crate::latency::Location;
use crate::routes::{Serving, Table};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Cloudflare's codes for an unknown country and for Tor.
const NO_COUNTRY: [&str; 2] = ["XX", "T1"];

/// One request, and which regions are down or draining.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::tool) struct Case {
    /// The author's name for it, which is printed with the result.
    pub(super) id: Option<serde_json::Value>,
    pub(super) host: Option<String>,
    pub(super) path: Option<String>,
    pub(super) method: Option<String>,
    pub(super) country: Option<String>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) tenant: Option<String>,
    /// The KV pin of a tenant that is not in the config, if any.
    pub(super) kv_allow: Option<Vec<String>>,
    pub(super) subdivision: Option<String>,
    /// The country that this pin tells as the tenant's own.
    pub(super) kv_country: Option<String>,
    pub(super) colo: Option<String>,
    pub(super) at: Option<Location>,
    pub(super) client: Option<String>,
    pub(super) down: Vec<String>,
    pub(super) draining: Vec<String>,
    #[serde(deserialize_with = "present_object")]
    pub(super) expect: Option<Expectation>,
}

impl Case {
    /// The client's country. Errors: neither a country nor a code for none.
    pub(super) fn country(&self) -> Result<Option<Country>, String> {
        let told = self.country.as_deref().filter(|text| !NO_COUNTRY.contains(text));
        told.map(|text| Country::parse(text).map_err(|bad| bad.to_string())).transpose()
    }

    /// The data center. Errors: what cannot be the code of one, so that nothing would match.
    pub(super) fn colo(&self) -> Result<Option<&str>, String> {
        match self.colo.as_deref() {
            Some(told) if !may_be_data_center(told) => {
                Err(format!("`{told}` is no data center: write three capitals, such as `FRA`"))
            }
            told => Ok(told),
        }
    }

    /// What is odd about the data center: Cloudflare had none of this code.
    pub(super) fn odd_colo(&self) -> Option<String> {
        let told = self.colo.as_deref().filter(|told| !is_data_center(told))?;
        let meant = match meant_data_center(told) {
            Meant::OfCity(city, there) => format!(", and in {city} `{}`", there.join("`, `")),
            Meant::Spelt(near, city) => format!("; the nearest spelling is `{near}` ({city})"),
            Meant::Nothing => String::new(),
        };
        Some(format!("Cloudflare had no data center `{told}` on {DATA_CENTERS_AS_OF}{meant}"))
    }

    /// The method in upper case. Errors: not a valid method.
    pub(super) fn method(&self) -> Result<String, String> {
        let method = self.method.as_deref().unwrap_or("GET");
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if method.is_empty() || !method.bytes().all(fits) {
            return Err(format!("`{method}` is no method"));
        }
        Ok(method.to_ascii_uppercase())
    }

    /// The path. Errors: not a path, or one that no service gets.
    fn path(&self) -> Result<&str, String> {
        let path = self.path.as_deref().unwrap_or("/");
        if !path.starts_with('/') {
            return Err(format!("a path begins with `/`, and `{path}` does not"));
        }
        if whose(path) != Whose::Theirs {
            return Err(format!("`{path}` belongs to Pointsman itself, and goes to no region"));
        }
        Ok(path)
    }

    /// Host, path and headers as the edge would see them, with the tenant where the service reads
    /// it. Errors: what is missing or invalid.
    pub(super) fn form(&self, config: &Config, table: &Table) -> Result<Form, String> {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
        let host = match &self.host {
            Some(host) => host.to_ascii_lowercase(),
            None => only_host(config)?.to_owned(),
        };
        let is_odd = |char: char| matches!(char, '/' | ':') || char.is_whitespace();
        if host.is_empty() || host.contains(is_odd) {
            return Err(format!("`{host}` is no host: give its name alone"));
        }
        let mut form = Form {
            host,
            path: Some(self.path()?.to_owned()),
            headers: headers.collect(),
            tenant: ToldTenant::Nothing,
            kv: Kv::Absent,
            kv_country: None,
            witnesses: Vec::new(),
            spellings: Default::default(),
        };
        if let Some(tenant) = &self.tenant {
            let service = table.service(&form.host);
            let service =
                service.ok_or_else(|| format!("no service has the host `{}`", form.host))?;
            tell(tenant, service, &mut form)?;
        }
        if self.kv_allow.is_some() {
            reads_kv(table, &form.host)?;
        } else if self.kv_country.is_some() {
            return Err("a pin with a country needs `kv_allow` too".to_owned());
        }
        if form.host.contains('*') {
            return Err(format!("`{}` stands for many hosts: give one of them", form.host));
        }
        Ok(form)
    }
}

fn tell(tenant: &str, service: &Serving, form: &mut Form) -> Result<(), String> {
    let tenancy = service.tenancy.as_ref();
    let tenancy = tenancy.ok_or_else(|| format!("service `{}` reads no tenant", service.id))?;
    requests::present(&tenancy.source, form, tenant);
    Ok(())
}

/// Errors: the service does not read KV, so a KV pin has no effect.
fn reads_kv(table: &Table, host: &str) -> Result<(), String> {
    let service = table.service(host);
    let service = service.ok_or_else(|| format!("no service has the host `{host}`"))?;
    match &service.tenancy {
        Some(tenancy) if tenancy.kv => Ok(()),
        _ => Err(format!("service `{}` does not ask KV for tenants", service.id)),
    }
}

fn only_host(config: &Config) -> Result<&str, String> {
    let hosts: Vec<&String> = config.services.values().flat_map(|service| &service.hosts).collect();
    match hosts.as_slice() {
        [] => Err("no service has a host".to_owned()),
        [host] => Ok(host),
        several => Err(format!("which host? There are {}", list(several))),
    }
}
