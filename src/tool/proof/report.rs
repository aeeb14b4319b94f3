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

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, regions, depth, kinds, kinds_total, .. } = self;
        let all = grouped(*kinds_total as u64);
        let kinds = match kinds_total {
            0 => "no hosts".to_owned(),
            total if kinds == total => format!("{all} kinds of requests"),
            _ => format!("{} of {all} kinds of requests", grouped(*kinds as u64)),
        };
        writeln!(f, "  {service}: {kinds}; failing: {} of {regions} regions", depth.as_str())?;
        if self.headers_alone {
            writeln!(
                f,
                "    capped: header conditions were tried one at a time, not in every combination"
            )?;
        }
        if self.kinds < self.kinds_total {
            writeln!(f, "    capped: the other kinds of requests were skipped, evenly")?;
        }
        match depth {
            Depth::EverySet => {}
            Depth::EverySetByOpinion => {
                f.write_str(
                    "    capped: in the other sets, one request stands for all that may go to the \
                     same regions\n",
                )?;
            }
            Depth::Pairs | Depth::Singles => {
                writeln!(f, "    capped: larger sets of failed regions were skipped")?;
            }
        }
        Ok(())
    }
}
