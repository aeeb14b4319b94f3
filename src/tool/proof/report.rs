//! The proof as text.

use super::super::text::{grouped, list};
use super::{Coverage, Depth, Proof, VIOLATIONS_MAX};
use std::fmt;

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { holds, law, now, .. } = self;
        let planes = [
            ("proxy", self.proxy_cases),
            ("dns", self.dns_cases),
            ("pools", self.pool_cases),
            ("balancers", self.balancer_cases),
        ];
        let verdict = if *holds { "holds" } else { "FAILS" };
        writeln!(f, "proof {verdict}: law {law} as of {now}")?;
        writeln!(f, "  covers every request and every set of failed regions, {}", self.how())?;
        for (plane, cases) in planes {
            writeln!(f, "  {plane:<9}  {} cases", grouped(cases))?;
        }
        self.coverage.iter().try_for_each(|coverage| coverage.fmt(f))?;
        for violation in &self.violations {
            writeln!(f, "violation in {}, service {}", violation.plane, violation.service)?;
            writeln!(f, "  {}", violation.what)?;
            writeln!(f, "  {}", violation.example)?;
            writeln!(f, "  down: {}", list(&violation.down))?;
        }
        if self.violations.len() == VIOLATIONS_MAX {
            writeln!(f, "{} violations in total", grouped(self.violations_total))?;
        }
        Ok(())
    }
}

impl Proof {
    /// How every request is covered.
    fn how(&self) -> &'static str {
        let is_decided = |coverage: &Coverage| {
            coverage.depth == Depth::EverySet
                && !coverage.headers_alone
                && !coverage.conditions_alone
        };
        if self.coverage.iter().all(is_decided) {
            "each kind decided"
        } else {
            "by the parts of the table and the kinds that were decided"
        }
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, regions, depth, kinds, .. } = self;
        let kinds = match kinds {
            0 => "no hosts".to_owned(),
            kinds => format!("{} kinds of requests", grouped(*kinds as u64)),
        };
        writeln!(f, "  {service}: {kinds}; failing: {} of {regions} regions", depth.as_str())?;
        if self.conditions_alone {
            f.write_str("    each condition alone and beside all others; drawn combinations\n")?;
        } else if self.headers_alone {
            f.write_str("    each header alone and beside all others\n")?;
        }
        match depth {
            Depth::EverySet => Ok(()),
            Depth::EverySetByOpinion | Depth::Pairs | Depth::Singles => f.write_str(
                "    with regions failed, one request stands for all that may go to the same \
                 regions\n",
            ),
        }
    }
}
