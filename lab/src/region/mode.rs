//! The modes of a region, and their names on a command line.
use anyhow::{Error, Result, bail};
use std::fmt;
use std::str::FromStr;

/// How a region treats connections and requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Answers normally.
    #[default]
    Healthy,
    /// Nothing listens: new connections are refused, and open ones are closed.
    Refuse,
    /// Accepts connections and reads requests, but never answers.
    Hang,
    /// Answers normally, but late.
    Slow {
        /// Added before the first byte of every answer.
        delay_ms: u64,
    },
    /// Answers everything with one status.
    Status {
        /// From 200 to 599.
        code: u16,
    },
    /// Answers everything with 429.
    Throttle {
        /// What `Retry-After` says.
        retry_after_s: u32,
    },
    /// Answers everything with `200` and a page of another application, like a misrouted address.
    WrongBody,
    /// Answers everything with `200` and a plain text that says it is compressed.
    BrokenGzip,
    /// Alternates between healthy and refusing; starts healthy.
    Flap {
        /// The length of a healthy phase.
        up_ms: u64,
        /// The length of a refusing phase.
        down_ms: u64,
    },
    /// Answers with the first half of a body and closes the connection. A WebSocket is closed at
    /// its first message.
    Reset,
}

impl Mode {
    /// Whether a region in this mode answers without a look at what a request carries.
    pub(super) fn leaves_the_body(self) -> bool {
        !matches!(self, Mode::Healthy | Mode::Refuse | Mode::Slow { .. } | Mode::Flap { .. })
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mode::Healthy => f.write_str("healthy"),
            Mode::Refuse => f.write_str("refuse"),
            Mode::Hang => f.write_str("hang"),
            Mode::Slow { delay_ms } => write!(f, "slow:{delay_ms}"),
            Mode::Status { code } => write!(f, "status:{code}"),
            Mode::Throttle { retry_after_s } => write!(f, "throttle:{retry_after_s}"),
            Mode::WrongBody => f.write_str("wrong-body"),
            Mode::BrokenGzip => f.write_str("broken-gzip"),
            Mode::Flap { up_ms, down_ms } => write!(f, "flap:{up_ms}:{down_ms}"),
            Mode::Reset => f.write_str("reset"),
        }
    }
}

impl FromStr for Mode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Mode> {
        let parts: Vec<&str> = text.split(':').collect();
        let mode = match parts[..] {
            ["healthy"] => Mode::Healthy,
            ["refuse"] => Mode::Refuse,
            ["hang"] => Mode::Hang,
            ["slow", delay_ms] => Mode::Slow { delay_ms: delay_ms.parse()? },
            ["status", code] => Mode::Status { code: status(code)? },
            ["throttle", seconds] => Mode::Throttle { retry_after_s: seconds.parse()? },
            ["wrong-body"] => Mode::WrongBody,
            ["broken-gzip"] => Mode::BrokenGzip,
            ["flap", up_ms, down_ms] => {
                Mode::Flap { up_ms: up_ms.parse()?, down_ms: down_ms.parse()? }
            }
            ["reset"] => Mode::Reset,
            _ => bail!(
                "unknown mode `{text}`; one of healthy, refuse, hang, slow:<ms>, status:<code>, \
                 throttle:<s>, wrong-body, broken-gzip, flap:<up ms>:<down ms>, reset"
            ),
        };
        Ok(mode)
    }
}

fn status(text: &str) -> Result<u16> {
    match text.parse()? {
        code @ 200..=599 => Ok(code),
        code => bail!("status {code} is not allowed; use 200 to 599"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_reads_back_from_its_own_name() {
        for text in [
            "healthy",
            "refuse",
            "hang",
            "slow:300",
            "status:503",
            "throttle:7",
            "wrong-body",
            "broken-gzip",
            "flap:2000:1000",
            "reset",
        ] {
            assert_eq!(text.parse::<Mode>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn unknown_and_incomplete_names_are_errors() {
        for text in
            ["", "down", "slow", "slow:soon", "status:100", "status:600", "flap:1", "healthy:1"]
        {
            assert!(text.parse::<Mode>().is_err(), "{text}");
        }
    }
}
