//! The proof as text.

use super::super::text::{first_few, grouped, list};
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
        self.write_coverage(f)?;
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

/// How many services that are covered alike are told one by one. From one more on, one line is told
/// for all.
const ALIKE_MAX: usize = 3;

impl Proof {
    fn write_coverage(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for coverage in &self.coverage {
            let alike = self.coverage.iter().filter(|other| other.is_like(coverage));
            let alike: Vec<&Coverage> = alike.collect();
            if alike.len() <= ALIKE_MAX {
                write!(f, "{coverage}")?;
            } else if alike.first().is_some_and(|first| first.service == coverage.service) {
                let services = first_few(alike.iter().map(|it| &it.service));
                let kinds = || alike.iter().map(|it| it.kinds);
                let (least, most) = (kinds().min(), kinds().max());
                coverage.write(f, &services, least.unwrap_or(0), most.unwrap_or(0))?;
            }
        }
        Ok(())
    }

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
        self.write(f, self.service.as_str(), self.kinds, self.kinds)
    }
}

impl Coverage {
    /// Whether the same is to be said of both, but for the number of kinds.
    fn is_like(&self, other: &Self) -> bool {
        let said = |it: &Self| {
            (it.regions, it.depth, it.headers_alone, it.conditions_alone, it.kinds == 0)
        };
        said(self) == said(other)
    }

    /// What is said of one service or of several, with the least and the most kinds of requests.
    fn write(
        &self,
        f: &mut fmt::Formatter<'_>,
        services: &str,
        least: usize,
        most: usize,
    ) -> fmt::Result {
        let Self { regions, depth, .. } = self;
        let grouped = |number: usize| grouped(number as u64);
        let kinds = match (least, most) {
            (_, 0) => "no hosts".to_owned(),
            _ if least == most => format!("{} kinds of requests", grouped(least)),
            _ => format!("{} to {} kinds of requests", grouped(least), grouped(most)),
        };
        writeln!(f, "  {services}: {kinds}; failing: {} of {regions} regions", depth.as_str())?;
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
