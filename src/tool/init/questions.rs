//! Asks for the answers, one after another. An answer that makes no valid config with those before
//! it is asked for again, with the reason.

use super::answers::{Alert, Answers, HEALTH_PATH, ORIGINS_MIN, Origin, Rule, Serve, listed};
use super::sound::problem;
use crate::country::Country;
use crate::ids::RegionId;
use crate::time::Timestamp;
use crate::tool::terminal::{CommandFailure, Terminal};
use std::io::{BufRead, Read};

/// Most bytes of an answer; what comes after them is another one.
const ANSWER_BYTES_MAX: u64 = 2_000;

/// Asks everything. Errors: the input ends before the last answer.
pub(super) fn ask(terminal: &mut Terminal<'_>) -> Result<Answers, CommandFailure> {
    let now = (terminal.clock)();
    let mut questions = Questions { terminal, now, answers: Answers::to_be_replaced() };
    questions.host()?;
    questions.serve()?;
    questions.origins()?;
    questions.health_path()?;
    questions.rule()?;
    questions.alert()?;
    questions.admin_host()?;
    Ok(questions.answers)
}

struct Questions<'q, 't> {
    terminal: &'q mut Terminal<'t>,
    now: Timestamp,
    answers: Answers,
}

impl Questions<'_, '_> {
    fn host(&mut self) -> Result<(), CommandFailure> {
        self.until_sound("Which host do clients ask for, such as `api.example.com`?", |it, said| {
            said.clone_into(&mut it.host);
        })
    }

    fn serve(&mut self) -> Result<(), CommandFailure> {
        let question = "How do they get to a region: `proxy` (through the Worker), `record` \
                        (by DNS) or `pools` (of a load balancer)? [proxy]";
        let serve = self.until_read(question, |said| match said {
            "" | "proxy" => Ok(Serve::Proxy),
            "record" => Ok(Serve::Record { zone: String::new() }),
            "pools" => Ok(Serve::Pools { account: String::new() }),
            _ => Err("write `proxy`, `record` or `pools`".to_owned()),
        })?;
        match serve {
            Serve::Proxy => Ok(()),
            Serve::Record { .. } => {
                let zone = zone_of(&self.answers.host).to_owned();
                let question = format!("Which zone of Cloudflare's is the record in? [{zone}]");
                self.until_sound(&question, |it, said| {
                    let zone = if said.is_empty() { &zone } else { said };
                    it.serve = Serve::Record { zone: zone.to_owned() };
                })
            }
            Serve::Pools { .. } => {
                let question = "Which account are the pools in (its id, 32 digits)?";
                self.until_sound(question, |it, said| {
                    it.serve = Serve::Pools { account: said.to_owned() };
                })
            }
        }
    }

    fn origins(&mut self) -> Result<(), CommandFailure> {
        writeln!(self.terminal.out, "The origins, the preferred one first. At least two.")?;
        loop {
            let number = self.answers.origins.len();
            let is_enough = number >= ORIGINS_MIN;
            let end = if is_enough { " Nothing, if these are all." } else { "" };
            let question =
                format!("Origin {}: in which region, such as `eu-west`?{end}", number + 1);
            let region = self.until_read(&question, |said| match said {
                "" if is_enough => Ok(None),
                _ => RegionId::parse(said).map(Some).map_err(|bad| bad.to_string()),
            })?;
            let Some(region) = region else { return Ok(()) };
            self.origin(&region)?;
        }
    }

    fn origin(&mut self, region: &RegionId) -> Result<(), CommandFailure> {
        let country = match self.answers.country_of(region) {
            Some(country) => country,
            None => self.until_read("Its country, such as `IE`?", |said| {
                Country::parse(said).map_err(|bad| bad.to_string())
            })?,
        };
        self.until_sound("Its URL, such as `https://eu1.example.com`?", |it, said| {
            it.origins.push(Origin { region: region.clone(), country, url: said.to_owned() });
        })
    }

    fn health_path(&mut self) -> Result<(), CommandFailure> {
        let question = format!("Which page says that an origin is well? [{HEALTH_PATH}]");
        self.until_sound(&question, |it, said| {
            let path = if said.is_empty() { HEALTH_PATH } else { said };
            path.clone_into(&mut it.health_path);
        })
    }

    fn rule(&mut self) -> Result<(), CommandFailure> {
        loop {
            let clients = self.said(
                "Which clients have to stay somewhere: countries and sets, such as `DE,FR` or \
                 `@eea`? Nothing, if none have.",
            )?;
            if clients.is_empty() {
                return Ok(());
            }
            let allow = self.said("Where: countries, sets or regions, such as `@eea`?")?;
            let basis = self.said("By which law or contract, in your own words?")?;
            let rule = Rule { clients: listed(&clients), allow: listed(&allow), basis };
            if self.takes(|it| {
                it.rule = Some(rule.clone());
            })? {
                return Ok(());
            }
        }
    }

    fn alert(&mut self) -> Result<(), CommandFailure> {
        let question =
            "Who is called: `slack`, `pagerduty`, `jsm` or `webhook`? Nothing, if nobody.";
        let alert = self.until_read(question, |said| match said {
            "" => Ok(None),
            "slack" => Ok(Some(Alert::Slack)),
            "pagerduty" => Ok(Some(Alert::Pagerduty)),
            "jsm" => Ok(Some(Alert::Jsm)),
            "webhook" => Ok(Some(Alert::Webhook { host: String::new() })),
            _ => Err("write `slack`, `pagerduty`, `jsm` or `webhook`".to_owned()),
        })?;
        if !matches!(alert, Some(Alert::Webhook { .. })) {
            self.answers.alert = alert;
            return Ok(());
        }
        let question = "The host of its URL, such as `hooks.example.com`? The URL is a secret.";
        self.until_sound(question, |it, said| {
            it.alert = Some(Alert::Webhook { host: said.to_owned() });
        })
    }

    fn admin_host(&mut self) -> Result<(), CommandFailure> {
        let question = "At which host of its own does the admin API answer, such as \
                        `ops.example.com`? Nothing, if that is not known yet.";
        self.until_sound(question, |it, said| {
            it.admin_host = (!said.is_empty()).then(|| said.to_owned());
        })
    }

    /// Asks until an answer can be read.
    fn until_read<T>(
        &mut self,
        question: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, CommandFailure> {
        loop {
            match read(&self.said(question)?) {
                Ok(answer) => return Ok(answer),
                Err(why) => writeln!(self.terminal.out, "  {why}")?,
            }
        }
    }

    /// Asks until the answers make a valid config.
    fn until_sound(
        &mut self,
        question: &str,
        put: impl Fn(&mut Answers, &str),
    ) -> Result<(), CommandFailure> {
        loop {
            let said = self.said(question)?;
            if self.takes(|answers| put(answers, &said))? {
                return Ok(());
            }
        }
    }

    /// Takes an answer unless something is wrong with it, which is told.
    fn takes(&mut self, put: impl FnOnce(&mut Answers)) -> Result<bool, CommandFailure> {
        let mut answers = self.answers.clone();
        put(&mut answers);
        if let Some(why) = problem(&answers, self.now) {
            writeln!(self.terminal.out, "  {why}")?;
            return Ok(false);
        }
        self.answers = answers;
        Ok(true)
    }

    /// One answer without the spaces around it.
    fn said(&mut self, question: &str) -> Result<String, CommandFailure> {
        write!(self.terminal.out, "{question} ")?;
        self.terminal.out.flush()?;
        let mut line = String::new();
        let mut input = (&mut *self.terminal.input).take(ANSWER_BYTES_MAX);
        let read = input.read_line(&mut line)?;
        if read == 0 {
            writeln!(self.terminal.out)?;
            let why = "the input ended before the last answer; with options nothing is asked: \
                       `pointsman init --help`";
            return Err(CommandFailure::usage(why));
        }
        Ok(line.trim().to_owned())
    }
}

/// The zone that a host is probably in: its last two labels.
fn zone_of(host: &str) -> &str {
    let before = host.rmatch_indices('.').nth(1).map_or(0, |(at, _)| at + 1);
    host.get(before..).unwrap_or(host)
}
