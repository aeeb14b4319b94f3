//! What one name means, and its samples.

use super::sources::Sources;
use crate::time::Millis;
use crate::traffic::{Latencies, Requests};
use std::fmt;

/// What every name begins with.
const PREFIX: &str = "pointsman_";

/// Families that are made together.
///
/// What they are is one text, and what they say is made by one function: so there is no more of
/// either in the wasm than it takes.
#[derive(Debug)]
pub struct Group {
    /// A line for each family: its kind, its name without the prefix, the names of its labels with
    /// commas in between, or `-`, and what it says in one sentence.
    pub(super) lines: &'static str,
    pub(super) make: fn(&Sources<'_>, &mut Samples<'_>),
}

/// What one name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// How its values behave: `counter`, `gauge` or `histogram`.
    ///
    /// A counter only grows, and begins at 0 with the Controller; a histogram is counters by how
    /// long something took; a gauge is what is now.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The names of its labels, with commas in between; `-` without any.
    labels: &'static str,
    /// What it says.
    pub help: &'static str,
    /// Its samples.
    pub samples: Vec<Sample>,
}

/// One value with its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The values of the labels. An empty one is as good as none.
    pub labels: Vec<String>,
    /// The value.
    pub value: Value,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// So many of the units of a decimal with so many digits behind the point.
    Decimal(i64, u8),
    /// Times to the heads of answers.
    Times {
        /// How many took how long.
        latencies: Latencies,
        /// All of them together.
        sum_ms: Millis,
    },
}

impl Group {
    /// Its families, without samples.
    #[must_use]
    pub fn families(&self) -> Vec<Family> {
        self.lines.lines().filter_map(Family::of).collect()
    }

    /// Its families with what they say now.
    #[must_use]
    pub fn made(&self, sources: &Sources<'_>) -> Vec<Family> {
        let mut families = self.families();
        (self.make)(sources, &mut Samples(&mut families));
        families
    }
}

impl Family {
    /// The names of its labels. Each sample has a value for each of them, in this order.
    pub fn labels(&self) -> impl Iterator<Item = &'static str> {
        self.labels.split(',').filter(|label| *label != "-")
    }

    /// A gauge without labels.
    pub(super) fn gauge(name: &str, help: &'static str, value: i64) -> Self {
        let sample = Sample { labels: Vec::new(), value: Value::Decimal(value, 0) };
        Self { kind: "gauge", name: name.to_owned(), labels: "-", help, samples: vec![sample] }
    }

    fn of(line: &'static str) -> Option<Self> {
        let mut words = line.splitn(4, ' ');
        let (kind, name, labels) = (words.next()?, words.next()?, words.next()?);
        let name = [PREFIX, name].concat();
        Some(Self { kind, name, labels, help: words.next()?, samples: Vec::new() })
    }
}

/// Samples of a group that are being made. Each is put into the family of that name.
#[derive(Debug)]
pub struct Samples<'f>(&'f mut [Family]);

impl Samples<'_> {
    fn add(&mut self, name: &str, labels: &[&str], value: Value) {
        let is_it = |family: &&mut Family| family.name.strip_prefix(PREFIX) == Some(name);
        if let Some(family) = self.0.iter_mut().find(is_it) {
            let labels = labels.iter().map(|label| (*label).to_owned()).collect();
            family.samples.push(Sample { labels, value });
        }
    }

    /// A whole number.
    pub(super) fn count(&mut self, name: &str, labels: &[&str], count: u64) {
        self.add(name, labels, Value::Decimal(whole(count), 0));
    }

    /// How many there are.
    pub(super) fn len(&mut self, name: &str, len: usize) {
        self.count(name, &[], u64::try_from(len).unwrap_or(u64::MAX));
    }

    /// 1 if it is so, and 0 if not.
    pub(super) fn flag(&mut self, name: &str, labels: &[&str], is_so: bool) {
        self.count(name, labels, u64::from(is_so));
    }

    /// Milliseconds, told in seconds; nothing where they are not known.
    pub(super) fn millis(&mut self, name: &str, labels: &[&str], ms: Option<Millis>) {
        if let Some(ms) = ms {
            self.add(name, labels, Value::Decimal(whole(ms), 3));
        }
    }

    /// Parts of a whole of so many digits, told as a part of 1; nothing where they are not known.
    pub(super) fn parts(&mut self, name: &str, labels: &[&str], parts: Option<i64>, digits: u8) {
        if let Some(parts) = parts {
            self.add(name, labels, Value::Decimal(parts, digits));
        }
    }

    /// How long requests took.
    pub(super) fn times(&mut self, name: &str, labels: &[&str], requests: &Requests) {
        let Requests { counts, latencies } = *requests;
        self.add(name, labels, Value::Times { latencies, sum_ms: counts.latency_ms_sum });
    }

    /// One sample for each of some words: 1 for the word that holds, which is the last label.
    pub(super) fn one_of(
        &mut self,
        name: &str,
        labels: &[&str],
        words: &[&'static str],
        word: &str,
    ) {
        for each in words {
            self.flag(name, &[labels, &[each]].concat(), *each == word);
        }
    }
}

/// The number as far as a decimal can hold it.
pub(super) fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A decimal, without zeros at its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal(pub(super) i64, pub(super) u8);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(units, digits) = *self;
        let whole = 10_u64.saturating_pow(u32::from(digits));
        let size = units.unsigned_abs();
        let (before, behind) = (size / whole, size % whole);
        if units < 0 {
            f.write_str("-")?;
        }
        write!(f, "{before}")?;
        if behind == 0 {
            return Ok(());
        }
        let behind = format!("{behind:0width$}", width = usize::from(digits));
        write!(f, ".{}", behind.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_has_no_more_digits_than_it_needs() {
        for (units, digits, text) in [
            (0, 0, "0"),
            (7, 0, "7"),
            (-7, 0, "-7"),
            (0, 3, "0"),
            (5, 3, "0.005"),
            (1_500, 3, "1.5"),
            (-25, 2, "-0.25"),
            (99_999, 5, "0.99999"),
            (100_000, 5, "1"),
            (i64::MIN, 0, "-9223372036854775808"),
        ] {
            assert_eq!(Decimal(units, digits).to_string(), text);
        }
    }
}
