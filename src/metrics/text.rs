//! The text form of Prometheus, version 0.0.4. Source: prometheus.io, "Exposition formats".

use super::family::{Decimal, Family, Group, Sample, Value, whole};
use super::fit::{LEFT_OUT, LEFT_OUT_HELP, fit};
use super::sources::Sources;
use std::fmt::{self, Write};

/// What the text is.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The samples of all these families, as text. What does not fit is left out, family by family.
#[must_use]
pub fn text(groups: &[Group], sources: &Sources<'_>) -> String {
    let mut text = String::new();
    let left_out = fit((groups, sources), &mut text, &|text, family| {
        let mut page = Page { text, series: 0 };
        // A text takes whatever is written to it.
        let _ = page.family(family);
        page.series
    });
    let _ = end(&mut text, &left_out);
    text
}

fn end(text: &mut String, left_out: &[String]) -> fmt::Result {
    let name = LEFT_OUT;
    let count = left_out.len();
    writeln!(text, "# HELP {name} {LEFT_OUT_HELP}\n# TYPE {name} gauge\n{name} {count}")?;
    left_out.iter().try_for_each(|name| writeln!(text, "# left out: {name}"))
}

struct Page<'t> {
    text: &'t mut String,
    series: usize,
}

impl Page<'_> {
    fn family(&mut self, family: &Family) -> fmt::Result {
        let Family { kind, name, help, samples, .. } = family;
        // There is nothing in it that would have to be escaped: a test holds that.
        writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}")?;
        samples.iter().try_for_each(|sample| self.sample(family, sample))
    }

    fn sample(&mut self, family: &Family, sample: &Sample) -> fmt::Result {
        let of = (family, sample);
        match &sample.value {
            Value::Decimal(units, digits) => self.line(of, "", "", Decimal(*units, *digits)),
            Value::Times { latencies, sum_ms } => {
                for (bound_ms, count) in latencies.up_to() {
                    let le = bound_ms.map(|ms| Decimal(whole(ms), 3).to_string());
                    let le = le.unwrap_or_else(|| "+Inf".to_owned());
                    self.line(of, "_bucket", &le, Decimal(whole(count), 0))?;
                }
                self.line(of, "_sum", "", Decimal(whole(*sum_ms), 3))?;
                self.line(of, "_count", "", Decimal(whole(latencies.total()), 0))
            }
        }
    }

    fn line(
        &mut self,
        (family, sample): (&Family, &Sample),
        suffix: &str,
        le: &str,
        value: Decimal,
    ) -> fmt::Result {
        self.series += 1;
        self.text.push_str(&family.name);
        self.text.push_str(suffix);
        let labels = family.labels().zip(sample.labels.iter().map(String::as_str));
        let mut open = '{';
        for (name, label) in labels.chain([("le", le)]).filter(|(_, label)| !label.is_empty()) {
            write!(self.text, "{open}{name}=\"")?;
            self.escaped(label);
            self.text.push('"');
            open = ',';
        }
        let close = if open == ',' { "}" } else { "" };
        writeln!(self.text, "{close} {value}")
    }

    fn escaped(&mut self, label: &str) {
        for c in label.chars() {
            if matches!(c, '\\' | '"' | '\n') {
                self.text.push('\\');
            }
            self.text.push(if c == '\n' { 'n' } else { c });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_escaped() {
        let mut text = String::new();
        Page { text: &mut text, series: 0 }.escaped("a\\b\n\"c\" é");
        assert_eq!(text, "a\\\\b\\n\\\"c\\\" é");
    }
}
