//! The jurisdiction that the Controller's Durable Object is bound to.
//!
//! Cloudflare runs and stores an object of a jurisdiction only inside it. The Worker must know the
//! jurisdiction before it can reach the object, so it is a variable of the deployment and not a
//! part of the config in KV. The same name in another jurisdiction is **another object**, and an
//! empty one. That is why a value that is not understood is an error: to go on without a
//! jurisdiction would start a second Controller, and keep its state where it must not be.
//!
//! Source: developers.cloudflare.com/durable-objects/reference/data-location (`us`: June 2026).

use crate::json::words;

/// The variable of the deployment that names it. Absent or empty: none.
pub const VARIABLE: &str = "CONTROLLER_JURISDICTION";

/// Most characters of a wrong value that a message repeats.
const SEEN_CHARS_MAX: usize = 40;

words! {
    /// Where the Controller's object runs and keeps its storage.
    pub enum ControllerJurisdiction {
        /// The European Union.
        Eu = "eu",
        /// The United States.
        Us = "us",
        /// Data centers that the federal program `FedRAMP` authorizes.
        Fedramp = "fedramp",
        /// The same, at its level High.
        FedrampHigh = "fedramp-high",
    }
}

/// What the variable holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable<'v> {
    /// There is none.
    Absent,
    /// A text, the empty one included.
    Text(&'v str),
    /// A number, a list or the like.
    NoText,
}

/// Why the Controller may not be called, or may not act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongJurisdiction {
    /// The variable names none that Cloudflare has.
    #[error(
        "{VARIABLE} is {seen}, which is not a jurisdiction of Durable Objects; \
         write one of {}, or leave it empty", ControllerJurisdiction::WORDS.join(", ")
    )]
    Unknown {
        /// What it holds, shortened.
        seen: String,
    },
    /// The object is of another jurisdiction than the deployment: it was left behind.
    #[error(
        "{VARIABLE} names {}, and this object is in {}: another object has taken over",
        shown(.declared.map(ControllerJurisdiction::as_str)), shown(.object.as_deref())
    )]
    LeftBehind {
        /// What the deployment says.
        declared: Option<ControllerJurisdiction>,
        /// What the runtime says of the object.
        object: Option<String>,
    },
}

impl ControllerJurisdiction {
    /// The jurisdiction that a deployment names. The spelling must be Cloudflare's own.
    ///
    /// **Errors**: [`WrongJurisdiction::Unknown`].
    pub fn declared(variable: Variable<'_>) -> Result<Option<Self>, WrongJurisdiction> {
        let seen = match variable {
            Variable::Absent | Variable::Text("") => return Ok(None),
            Variable::Text(text) => match Self::parse(text) {
                Some(known) => return Ok(Some(known)),
                None => format!("`{}`", text.chars().take(SEEN_CHARS_MAX).collect::<String>()),
            },
            Variable::NoText => "not a text".to_owned(),
        };
        Err(WrongJurisdiction::Unknown { seen })
    }
}

/// Whether an object may act for the deployment that runs in it. After a change of the variable the
/// old object still exists, and its alarm still rings, with the new variables.
///
/// **Errors**: [`WrongJurisdiction::LeftBehind`].
pub fn may_act(
    declared: Option<ControllerJurisdiction>,
    object: Option<&str>,
) -> Result<(), WrongJurisdiction> {
    if declared.map(ControllerJurisdiction::as_str) == object {
        return Ok(());
    }
    Err(WrongJurisdiction::LeftBehind { declared, object: object.map(str::to_owned) })
}

fn shown(jurisdiction: Option<&str>) -> &str {
    jurisdiction.unwrap_or("no jurisdiction")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ControllerJurisdiction::{Eu, Fedramp, FedrampHigh, Us};

    fn declared(text: &str) -> Result<Option<ControllerJurisdiction>, WrongJurisdiction> {
        ControllerJurisdiction::declared(Variable::Text(text))
    }

    #[test]
    fn every_word_of_cloudflare_is_known() {
        let known = [("eu", Eu), ("us", Us), ("fedramp", Fedramp), ("fedramp-high", FedrampHigh)];
        assert_eq!(known.len(), ControllerJurisdiction::ALL.len());
        for (word, jurisdiction) in known {
            assert_eq!(declared(word), Ok(Some(jurisdiction)));
            assert_eq!(jurisdiction.as_str(), word);
        }
    }

    #[test]
    fn absent_and_empty_mean_none() {
        assert_eq!(ControllerJurisdiction::declared(Variable::Absent), Ok(None));
        assert_eq!(declared(""), Ok(None));
    }

    #[test]
    fn anything_else_is_refused_and_never_means_none() {
        for wrong in ["EU", "Eu", " eu", "eu ", " ", "\n", "none", "null", "de", "fedramp_high"] {
            let error = declared(wrong).unwrap_err();
            assert!(error.to_string().contains(&format!("`{wrong}`")), "{error}");
        }
        let error = ControllerJurisdiction::declared(Variable::NoText).unwrap_err();
        assert_eq!(
            error.to_string(),
            "CONTROLLER_JURISDICTION is not a text, which is not a jurisdiction of Durable \
             Objects; write one of eu, us, fedramp, fedramp-high, or leave it empty"
        );
    }

    #[test]
    fn a_long_value_is_repeated_only_in_part() {
        let seen = |length: usize| {
            let Err(WrongJurisdiction::Unknown { seen }) = declared(&"é".repeat(length)) else {
                panic!("it is no jurisdiction");
            };
            seen.chars().count() - "``".len()
        };
        assert_eq!([39, 40, 41, 5_000].map(seen), [39, 40, 40, 40]);
    }

    #[test]
    fn an_object_acts_only_for_a_deployment_of_its_own_jurisdiction() {
        assert_eq!(may_act(None, None), Ok(()));
        assert_eq!(may_act(Some(Eu), Some("eu")), Ok(()));
        let others =
            [(Some(Eu), None), (None, Some("eu")), (Some(Eu), Some("us")), (None, Some("mars"))];
        for (declared, object) in others {
            assert!(may_act(declared, object).is_err(), "{declared:?} {object:?}");
        }
        let error = may_act(Some(Eu), None).unwrap_err().to_string();
        let expected = "CONTROLLER_JURISDICTION names eu, and this object is in no jurisdiction: \
                        another object has taken over";
        assert_eq!(error, expected);
    }
}
