//! Whatever else answers a name of ours.
//!
//! Clients do not know whose record they use. A record beside ours goes on answering when ours
//! moves, and a rule over the name binds it like ours. We never touch it, so it is reported: as a
//! breach of the law if it leads where the rules do not permit, or where nobody knows.
//!
//! What answers is an address or a host of the name itself: `A`, `AAAA`, `CNAME`, and what `HTTPS`
//! and `SVCB` hand out as hints or as another target (RFC 9460). A wildcard answers only a name
//! that has no record at all (RFC 4592), so it counts while ours is missing.

use super::action::WithheldReason;
use super::{Planner, records};
use crate::cloudflare::desired::{DesiredRecords, Switch};
use crate::cloudflare::marker::{self, Owner};
use crate::cloudflare::name::{normal, wildcards};
use crate::cloudflare::observed::Record;
use crate::ids::RegionId;
use crate::other_owner::{ForeignFact, FoundFact};

/// Most neighbours of one name that are listed; the others are counted.
const LISTED_MAX: usize = 5;

impl Planner<'_> {
    /// Tells what else answers a name of ours.
    pub(super) fn neighbours(&mut self, name: &str) {
        let Some(named) = self.observed.records.get(name) else { return };
        let sets: Vec<&DesiredRecords> =
            self.desired.records.iter().filter(|wanted| wanted.name == name).collect();
        let answering = if named.is_empty() { self.wildcard(&sets) } else { named.as_slice() };
        let is_ours = |record: &Record| {
            let of_name = self.desired.records.iter().filter(|w| w.name == normal(&record.name));
            of_name.into_iter().any(|wanted| self.is_ours(wanted, record))
        };
        let mut strangers: Vec<&Record> =
            answering.iter().filter(|record| !is_ours(record)).collect();
        strangers.sort_by(|a, b| a.id.cmp(&b.id));
        let (mut breaches, mut others, mut seconds) = (Vec::new(), Vec::new(), Vec::new());
        for record in strangers {
            for value in answers(record) {
                let breaks = sets.iter().any(|wanted| self.breaks(wanted, &value));
                let told = self.described(&sets, record, &value);
                let is_second = !self.is_all_there_is(&sets, named, record);
                if is_second {
                    seconds.extend(self.second(&sets, named, (record, &value)));
                }
                if breaks {
                    breaches.push(told);
                } else if is_second {
                    others.push(told);
                }
            }
        }
        if let Some(servers) = delegated(&sets, named) {
            breaches.push(servers);
        }
        self.plan.facts.extend(seconds);
        self.tell_breaches(name, &sets, breaches);
        self.tell_others(name, &sets, others);
    }

    /// The records of the nearest wildcard over a name without records. In a zone that is read name
    /// by name nothing is known of them.
    fn wildcard(&self, sets: &[&DesiredRecords]) -> &[Record] {
        let over = sets.first().map(|wanted| wildcards(&wanted.name, &wanted.zone));
        let mut of_each = over.iter().flatten().filter_map(|name| self.observed.records.get(name));
        of_each.find(|records| !records.is_empty()).map_or(&[], Vec::as_slice)
    }

    fn tell_breaches(&mut self, name: &str, sets: &[&DesiredRecords], breaches: Vec<String>) {
        if breaches.is_empty() {
            return;
        }
        let bound = sets.iter().find(|wanted| wanted.is_guarded);
        let permitted: Vec<&str> =
            bound.into_iter().flat_map(|wanted| &wanted.regions).map(RegionId::as_str).collect();
        let permitted =
            if permitted.is_empty() { "no region".to_owned() } else { permitted.join(", ") };
        let because = format!(
            "clients may be led to {}, and the residency rules over this name permit {permitted}; \
             Pointsman does not touch what is not its own: delete it, or mark it",
            listed(breaches)
        );
        self.withhold(name.to_owned(), WithheldReason::Breach, because);
    }

    fn tell_others(&mut self, name: &str, sets: &[&DesiredRecords], others: Vec<String>) {
        if others.is_empty() {
            return;
        }
        let markers: Vec<String> =
            sets.iter().map(|wanted| format!("`{}`", marker::of(&wanted.service))).collect();
        let because = format!(
            "clients are also led to {}; Pointsman moves its own records all the same, and these \
             stay: delete them, or put {} into their comments",
            listed(others),
            markers.first().map_or("", String::as_str)
        );
        self.withhold(name.to_owned(), WithheldReason::Foreign, because);
    }

    /// The fact that a record which is not ours answers beside ours.
    fn second(
        &self,
        sets: &[&DesiredRecords],
        named: &[Record],
        (record, theirs): (&Record, &str),
    ) -> Option<FoundFact> {
        let of_kind = |wanted: &&&DesiredRecords| wanted.kind.as_str() == record.kind;
        let wanted = sets.iter().find(of_kind).or(sets.first())?;
        let ours = named.iter().filter(|other| self.is_ours(wanted, other));
        let mut contents: Vec<String> = ours.clone().map(|other| normal(&other.content)).collect();
        contents.sort();
        let left_at = ours.filter_map(|other| self.owned.get(&other.id)).map(|note| note.at);
        let ours_at = left_at.max().unwrap_or(self.now);
        Some(FoundFact {
            fact: ForeignFact::SecondRecord,
            record: wanted.set(),
            id: record.id.clone(),
            service: wanted.service.clone(),
            ours: contents.join(", "),
            ours_at,
            theirs: theirs.to_owned(),
            at: self.now,
            is_stopped: false,
        })
    }

    /// Whether a set has no record of ours beside this stranger, which its own entry tells.
    fn is_all_there_is(&self, sets: &[&DesiredRecords], named: &[Record], record: &Record) -> bool {
        let of_kind = |wanted: &&&DesiredRecords| wanted.kind.as_str() == record.kind;
        sets.iter().find(of_kind).is_some_and(|wanted| {
            !self.may_return(wanted) && !named.iter().any(|other| self.is_ours(wanted, other))
        })
    }

    /// Whether the rules over a set forbid what a stranger answers. What nobody knows may be
    /// anywhere.
    fn breaks(&self, wanted: &DesiredRecords, value: &str) -> bool {
        let region = self.desired.places.get(value);
        wanted.is_guarded
            && !wanted.permitted.contains_key(value)
            && region.is_none_or(|region| !wanted.regions.contains(region))
    }

    fn described(&self, sets: &[&DesiredRecords], record: &Record, value: &str) -> String {
        let member = sets.iter().find_map(|wanted| wanted.permitted.get(value));
        let place = match (self.desired.places.get(value), member) {
            (_, Some(member)) if member.switch == Switch::Disable => {
                format!("region {}, which is down", member.region)
            }
            (Some(region), _) => format!("region {region}"),
            (None, Some(member)) => format!("region {}", member.region),
            (None, None) => "no origin of the config".to_owned(),
        };
        let service = sets.first().map(|wanted| &wanted.service);
        let owner = service.map(|id| marker::owner(record.comment.as_deref(), id));
        let owner = match owner {
            Some(Owner::Other(other)) => format!("marked for `{other}`"),
            // Ours by its marker, and of a type that is not published.
            Some(Owner::Ours) => "of a type that is not published".to_owned(),
            Some(Owner::Unmarked) | None => "not marked as ours".to_owned(),
        };
        let wildcard = Some(normal(&record.name)).filter(|name| name.starts_with("*."));
        let wildcard = wildcard.map(|name| format!(" of `{name}`")).unwrap_or_default();
        let since = record.modified_on.as_ref().map(|at| format!(", last changed at {at}"));
        format!(
            "`{value}` ({place}; {} record `{}`{wildcard}, {owner}{})",
            record.kind,
            record.id,
            since.unwrap_or_default()
        )
    }
}

/// What a record makes clients of its name connect to.
fn answers(record: &Record) -> Vec<String> {
    match record.kind.as_str() {
        "A" | "AAAA" | "CNAME" => vec![normal(&record.content)],
        "HTTPS" | "SVCB" => service_binding(&record.content),
        _ => Vec::new(),
    }
}

/// The target and the address hints of a service binding, as the API writes it: priority, target
/// (`.` is the name itself), parameters.
fn service_binding(content: &str) -> Vec<String> {
    let mut words = content.split_whitespace().skip(1);
    let target = words.next().map(normal).filter(|target| !target.is_empty());
    let hints = words.filter_map(|word| {
        let (key, value) = word.split_once('=')?;
        matches!(key, "ipv4hint" | "ipv6hint").then_some(value.trim_matches('"'))
    });
    let hints = hints.flat_map(|hints| hints.split(',')).map(normal);
    target.into_iter().chain(hints).collect()
}

/// Name servers that answer a name under a rule in our stead.
fn delegated(sets: &[&DesiredRecords], named: &[Record]) -> Option<String> {
    let wanted = sets.iter().find(|wanted| wanted.is_guarded)?;
    records::is_delegated(wanted, named)?;
    let servers = named.iter().filter(|record| record.kind == "NS").map(|r| normal(&r.content));
    let servers: Vec<String> = servers.map(|server| format!("`{server}`")).collect();
    Some(format!("whatever the name servers {} answer", servers.join(", ")))
}

fn listed(mut told: Vec<String>) -> String {
    let more = told.len().saturating_sub(LISTED_MAX);
    told.truncate(LISTED_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::service_binding;

    #[test]
    fn a_service_binding_leads_to_its_target_and_its_hints() {
        for (content, leads_to) in [
            (r#"1 . alpn="h3,h2""#, &[][..]),
            (
                r#"1 . alpn="h3,h2" ipv4hint="192.0.2.1,192.0.2.2" ipv6hint="2001:db8:0:0::1""#,
                &["192.0.2.1", "192.0.2.2", "2001:db8::1"],
            ),
            ("1 . ipv4hint=192.0.2.1", &["192.0.2.1"]),
            ("0 Elsewhere.example.net.", &["elsewhere.example.net"]),
            ("", &[]),
            ("1", &[]),
        ] {
            assert_eq!(service_binding(content), leads_to, "{content}");
        }
    }
}
