//! The steps of `init`, in their order: token, accounts, receiver, files, test message; then the files get their names.
//!
//! Guarantees: what can be refused without the network is refused first. With somebody to ask, a wrong answer is asked for again.

use anyhow::{anyhow, bail};
use secrecy::{ExposeSecret as _, SecretString};

use super::accounts::{self, Choice};
use super::dialogue::Dialogue;
use super::draft::Draft;
use super::receivers::{self, Answers};
use super::staged::Staged;
use super::target::Target;
use super::token::{self, Refusal};
use crate::api::Listing;
use crate::cli::InitArgs;
use crate::commands::notify::send_tests;
use crate::config::{self, Config, Environment, Loaded, Origin, Problem, Problems, Receiver, Secret};
use crate::domain::observation::Observation;
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::output::Progress;
use crate::report::{InitReceiver, InitReport, ReceiverTest, TestResult};
use crate::{clock, notify, setup};

/// One run of the command.
pub(super) struct Steps<'a> {
    pub(super) options: &'a InitArgs,
    pub(super) environment: &'a Environment,
    pub(super) target: &'a Target,
    /// Without one, nothing is asked.
    pub(super) dialogue: Option<Dialogue>,
    pub(super) now: Timestamp,
}

/// A complete set of files, and what the receivers in it did with the test message.
struct Tested<'t> {
    staged: Staged<'t>,
    tests: Vec<ReceiverTest>,
}

impl<'a> Steps<'a> {
    /// Writes the files, and says what was written.
    pub(super) async fn run(mut self) -> anyhow::Result<InitReport> {
        self.target.refuse_existing([])?;
        self.target.require_writable()?;
        let given = token::given(self.options, self.environment, self.now)?;
        if self.dialogue.is_none() {
            self.refuse_missing(given.as_ref().map(|(token, _)| token))?;
        }
        let (Loaded { config, warnings }, listed) = match given {
            Some((token, warnings)) => self.check_given(token, warnings).await?,
            None => self.ask_for_token().await?,
        };
        let choice = accounts::choose(&listed, self.options, self.dialogue.as_mut(), self.now).await?;
        let Tested { staged, tests } = self.tested_files(config, &choice).await?;
        staged.put_in_place()?;
        let receivers = staged.config.receivers.iter().map(|receiver| with_test(receiver, &tests)).collect();
        Ok(InitReport {
            generated_at: self.now,
            file: self.target.file.display().to_string(),
            secret_files: staged.secrets.iter().map(|name| self.target.shown(name)).collect(),
            accounts: choice.accounts,
            discover: choice.discover,
            receivers,
            warnings: together(&warnings, &staged),
        })
    }

    /// Refuses when nobody can be asked for what is not given.
    fn refuse_missing(&self, token: Option<&Secret>) -> anyhow::Result<()> {
        let placeholder =
            || Secret { value: SecretString::from("user:0-placeholder"), origin: Origin::Inline };
        let loaded = self.load(token.cloned().unwrap_or_else(placeholder), &Answers::new())?;
        let mut missing = Vec::new();
        if token.is_none() {
            missing.push(token::missing());
        }
        if loaded.config.receivers.is_empty() && !self.options.no_receiver {
            missing.push(receivers::missing());
        }
        if missing.is_empty() {
            return Ok(());
        }
        // A variable may be misspelt.
        setup::warn(&loaded.warnings);
        let why = if self.options.no_input { "with --no-input" } else { "without a terminal" };
        bail!("{}; {why} nothing is asked", missing.join("; "))
    }

    /// What the environment gives with this token, and the accounts that the API lists for it.
    async fn check_given(
        &self,
        token: Secret,
        warnings: Vec<Problem>,
    ) -> anyhow::Result<(Loaded, Listing<Observation>)> {
        let mut loaded = self.load(token, &Answers::new())?;
        loaded.warnings.extend(warnings);
        self.refuse_existing(&loaded.config)?;
        match token::list_accounts(&loaded.config).await? {
            Ok(listed) => Ok((loaded, listed)),
            Err(Refusal::Token(reason) | Refusal::Other(reason)) => bail!("{reason}. Nothing was changed"),
        }
    }

    /// The same with a token that the person types.
    async fn ask_for_token(&mut self) -> anyhow::Result<(Loaded, Listing<Observation>)> {
        if let Some(dialogue) = &mut self.dialogue {
            dialogue.say(token::WHERE);
        }
        loop {
            let Some(dialogue) = &mut self.dialogue else { bail!(token::missing()) };
            let token = token::ask(dialogue).await?;
            let refused = match self.load(token, &Answers::new()) {
                Ok(loaded) => {
                    self.refuse_existing(&loaded.config)?;
                    match token::list_accounts(&loaded.config).await? {
                        Ok(listed) => return Ok((loaded, listed)),
                        Err(Refusal::Token(reason)) => reason,
                        Err(Refusal::Other(reason)) => bail!("{reason}. Nothing was changed"),
                    }
                }
                Err(problems) => token::about_answer(&problems)?,
            };
            if let Some(dialogue) = &mut self.dialogue {
                dialogue.say_problem(&format!("{refused}."));
            }
        }
    }

    /// Refuses if a secret file of `config` would replace one.
    fn refuse_existing(&self, config: &Config) -> anyhow::Result<()> {
        let draft = Draft::new(config, &Choice::default(), &self.target.folder)?;
        self.target.refuse_existing(draft.new_secrets())
    }

    /// The configuration of the environment, the token and the answers.
    fn load(&self, token: Secret, answers: &Answers) -> Result<Loaded, Problems> {
        let environment = self.environment.clone().with(token::VARIABLE, token.value.expose_secret());
        let environment =
            answers.iter().fold(environment, |environment, (name, value)| environment.with(name, value));
        let loaded = config::from_environment(&[], &environment, self.now);
        let mut loaded = loaded.map_err(|invalid| invalid.problems)?;
        if let Some(subscription) = loaded.config.subscriptions.first_mut() {
            // It was read from there.
            subscription.token = token;
        }
        if self.options.no_receiver {
            loaded.config.receivers.clear();
        }
        Ok(loaded)
    }

    /// Complete files whose receivers took the test message.
    async fn tested_files(&mut self, mut config: Config, choice: &Choice) -> anyhow::Result<Tested<'a>> {
        let asks = config.receivers.is_empty() && !self.options.no_receiver && self.dialogue.is_some();
        let mut answers = Answers::new();
        loop {
            if asks {
                (config, answers) = self.ask_for_receiver(&config).await?;
            }
            let draft = Draft::new(&config, choice, &self.target.folder)?;
            let staged = Staged::write(&draft, self.target, self.environment, self.now)?;
            let tests =
                if self.options.skip_test { Vec::new() } else { send(&staged.config.receivers).await? };
            // What was given says where to correct it; the files are gone then.
            let given = |test: &ReceiverTest| config.receivers.iter().find(|given| given.name == test.name);
            let mut failed = tests.iter().filter(|test| test.error.is_some());
            let failed = failed.find_map(|test| Some((given(test)?, test)));
            let Some((receiver, test)) = failed else { return Ok(Tested { staged, tests }) };
            let reason = receivers::about_answers(&describe_failure(receiver, test).await, &answers);
            match &mut self.dialogue {
                Some(dialogue) if asks => dialogue.say_problem(&reason),
                _ => bail!("{reason} Nothing was changed; --skip-test writes the files without a test"),
            }
        }
    }

    /// `config` with the receiver that the person chooses, and the answers that give it.
    async fn ask_for_receiver(&mut self, config: &Config) -> anyhow::Result<(Config, Answers)> {
        loop {
            let Some(dialogue) = &mut self.dialogue else { bail!(receivers::missing()) };
            let answers = receivers::ask(dialogue).await?;
            let token = config.subscriptions.first().map(|subscription| subscription.token.clone());
            let token = token.ok_or_else(|| anyhow!(token::missing()))?;
            let problems = match self.load(token, &answers) {
                Ok(loaded) => return Ok((loaded.config, answers)),
                Err(problems) => problems,
            };
            if let Some(dialogue) = &mut self.dialogue {
                for problem in problems.iter() {
                    dialogue.say_problem(&receivers::about_answers(&problem.reason, &answers));
                }
            }
        }
    }
}

async fn send(receivers: &[Receiver]) -> anyhow::Result<Vec<ReceiverTest>> {
    let progress = Progress::new();
    if !receivers.is_empty() {
        progress.say("sending a test message");
    }
    let tests = send_tests(receivers, clock::now()).await;
    progress.finish();
    tests
}

/// Why a receiver did not take the test message, with the next step.
async fn describe_failure(receiver: &Receiver, test: &ReceiverTest) -> String {
    let verb = if test.result == TestResult::Refused { "was refused" } else { "failed" };
    let error = text::one_line(test.error.as_deref().unwrap_or("no reason was given"));
    let error = error.trim_end_matches('.');
    let hint = notify::probe(receiver).await.result.err().map(|error| error.hint);
    let hint = hint.unwrap_or_else(|| "Compare what was given with the settings of the receiver.".to_owned());
    format!(
        "The test message to {} {verb}: {error}. {}",
        text::name(receiver.name.as_str()),
        text::one_line(&hint)
    )
}

/// The warnings about the environment and about the files, each reason once.
fn together(environment: &[Problem], staged: &Staged<'_>) -> Vec<String> {
    let is_new = |warning: &&Problem| staged.warnings.iter().all(|other| other.reason != warning.reason);
    let environment = environment.iter().filter(is_new).map(ToString::to_string);
    environment.chain(staged.shown_warnings()).collect()
}

fn with_test(receiver: &Receiver, tests: &[ReceiverTest]) -> InitReceiver {
    InitReceiver {
        name: receiver.name.clone(),
        kind: receiver.channel.type_name(),
        tested: tests.iter().find(|test| test.name == receiver.name).map(|test| test.result),
    }
}
