//! Plans from small worlds: what is wanted, against what an account says.

mod balancers;
mod guards;
mod lawful;
mod monitors;
mod neighbours;
mod order;
mod owners;
mod pairs;
mod pools;
mod records;
mod sets;
mod strays;

use super::*;
use crate::cloudflare::desired::{
    DesiredPool, DesiredRecords, Jurisdiction, PoolMember, RecordMember, Switch,
};
use crate::cloudflare::endpoint::{self, Endpoint};
use crate::cloudflare::observed::{Pool, PoolOrigin, Record, Weight};
use crate::config::{DnsMode, PoolSwitch, RecordKind};
use crate::ids::{OriginId, RegionId, ServiceId};
use crate::ordered::Map;

const OURS: Option<&str> = Some("pointsman:files");
const ACCOUNT: &str = "acc";

fn service() -> ServiceId {
    ServiceId::parse("files").unwrap()
}

fn region(id: &str) -> RegionId {
    RegionId::parse(id).unwrap()
}

fn regions(ids: &[&str]) -> Set<RegionId> {
    Set::of(ids.iter().map(|id| region(id)))
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// A plan where nothing is held and every guard is content.
fn planned(desired: &Desired, observed: &Observed) -> Plan {
    plan(desired, observed, &Set::new(), &Circumstances::default())
}

fn told(plan: &Plan) -> Vec<String> {
    plan.actions.iter().map(ToString::to_string).collect()
}

fn withheld(plan: &Plan) -> Vec<String> {
    plan.withheld.iter().map(ToString::to_string).collect()
}

fn urgencies(plan: &Plan) -> Vec<Urgency> {
    plan.actions.iter().map(|action| action.urgency).collect()
}

fn member(switch: Switch, at: &str) -> RecordMember {
    RecordMember { switch, region: region(at) }
}

/// Two addresses are permitted, the first in `eu-west` and the second in `us-east`; the answer is
/// `contents` of `eu-west`.
fn wanted_records(contents: &[&str]) -> Desired {
    let contents = Set::of(texts(contents));
    let mut permitted = Map::from([
        ("192.0.2.1".to_owned(), member(Switch::Enable, "eu-west")),
        ("192.0.2.2".to_owned(), member(Switch::Enable, "us-east")),
    ]);
    for content in &contents {
        permitted.insert_if_absent(content.clone(), member(Switch::Enable, "eu-west"));
    }
    let records = DesiredRecords {
        is_guarded: true,
        regions: Vec::new(),
        zone: "example.com".to_owned(),
        name: "files.example.com".to_owned(),
        kind: RecordKind::A,
        service: service(),
        mode: DnsMode::Failover,
        ttl_s: 60,
        proxied: None,
        manage: false,
        adopt: false,
        answer: (!contents.is_empty()).then(|| (region("eu-west"), contents)),
        refuge: Some((region("eu-west"), ["192.0.2.1".to_owned()].into())),
        permitted,
        manual: false,
        follows: None,
        returning: Set::new(),
    };
    Desired { records: vec![records], ..Desired::default() }
}

fn record(id: &str, content: &str, comment: Option<&str>) -> Record {
    Record {
        id: id.to_owned(),
        name: "files.example.com".to_owned(),
        kind: "A".to_owned(),
        content: content.to_owned(),
        ttl: 60,
        proxied: false,
        comment: comment.map(str::to_owned),
        tags: None,
        modified_on: None,
    }
}

fn observed_records(records: Vec<Record>) -> Observed {
    let records = [("files.example.com".to_owned(), records)].into();
    Observed { records, ..Observed::default() }
}

fn ops(plan: &Plan) -> Vec<RecordOp> {
    let ops = plan.actions.iter().flat_map(|action| match &action.change {
        Change::Records { ops, .. } => ops.clone(),
        other => panic!("only records were wanted: {other:?}"),
    });
    ops.collect()
}

fn patch(id: &str, was: &str, content: &str) -> RecordOp {
    RecordOp::Patch {
        id: id.to_owned(),
        was: was.to_owned(),
        content: content.to_owned(),
        ttl_s: 60,
        proxied: None,
        comment: None,
        tags: None,
    }
}

fn create(content: &str) -> RecordOp {
    RecordOp::Create {
        content: content.to_owned(),
        ttl_s: 60,
        proxied: false,
        comment: "pointsman:files".to_owned(),
        tags: Vec::new(),
    }
}

fn delete(id: &str, was: &str) -> RecordOp {
    RecordOp::Delete { id: id.to_owned(), was: was.to_owned() }
}

/// An origin of a pool, named as its region is, at `host` or `host:port`.
fn pool_member(switch: Switch, in_region: &str, at: &str) -> PoolMember {
    let id = OriginId::parse(&format!("{in_region}-1")).unwrap();
    let (region, endpoint) = (region(in_region), Endpoint::at(at));
    PoolMember { switch, region, endpoint, id, weight: None, host_header: None }
}

fn wanted_pool(name: &str, origins: &[(&str, Switch)]) -> DesiredPool {
    let origin = |(at, switch): &(&str, Switch)| ((*at).to_owned(), pool_member(*switch, name, at));
    DesiredPool {
        account: ACCOUNT.to_owned(),
        name: name.to_owned(),
        service: service(),
        origins: Map::of(origins.iter().map(origin)),
        is_whole: false,
        switched: PoolSwitch::Origins,
        monitor: None,
        unmonitored: None,
        manage: false,
    }
}

/// Pools in a region of their own name, and the jurisdiction of the service as a whole.
fn wanted_pools(pools: &[(&str, &[(&str, Switch)])]) -> Desired {
    let pools: Vec<_> = pools.iter().map(|(name, origins)| wanted_pool(name, origins)).collect();
    let origins = Set::of(pools.iter().flat_map(|pool| pool.origins.keys().cloned()));
    let whole = Jurisdiction { service: service(), under: None, origins };
    Desired { pools, jurisdictions: vec![whole], ..Desired::default() }
}

fn observed_pool(name: &str, origins: &[(&str, bool)]) -> Pool {
    let origin = |(at, enabled): &(&str, bool)| {
        let (address, port) = endpoint::split(at);
        PoolOrigin {
            address: address.to_owned(),
            port,
            enabled: *enabled,
            weight: Weight::ONE,
            header: None,
            disabled_at: None,
        }
    };
    Pool {
        id: format!("id-{name}"),
        name: name.to_owned(),
        description: None,
        enabled: true,
        monitor: None,
        origins: origins.iter().map(origin).collect(),
        disabled_at: None,
    }
}

fn observed_pools(pools: &[(&str, &[(&str, bool)])]) -> Observed {
    let pools = pools.iter().map(|(name, origins)| observed_pool(name, origins)).collect();
    Observed { pools: [(ACCOUNT.to_owned(), pools)].into(), ..Observed::default() }
}

/// The only account's pool in this place.
fn pool_at(observed: &mut Observed, index: usize) -> &mut Pool {
    &mut observed.pools.get_mut(ACCOUNT).unwrap()[index]
}

fn hold(pool: &str, address: &str) -> Hold {
    Hold { account: ACCOUNT.to_owned(), pool: pool.to_owned(), address: address.to_owned() }
}
