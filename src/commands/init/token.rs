//! The API token: where it is given, and whether the API accepts it.

use anyhow::Context;

use super::dialogue::Dialogue;
use super::receivers;
use crate::api::{Answer, Client, LastAnswers, Listing};
use crate::cli::InitArgs;
use crate::clock;
use crate::config::{self, Config, Environment, Origin, Problem, Problems, Secret};
use crate::domain::observation::{Observation, Outcome};
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::output::Progress;
use crate::report::SubscriptionProbe;

/// The variable that holds the token.
pub(super) const VARIABLE: &str = "USEAPI_TOKEN";

/// The variable that names a file with the token.
const FILE_VARIABLE: &str = "USEAPI_TOKEN_FILE";

/// The vendor's page about accounts.
const SETUP_PAGE: &str = "https://useapi.net/docs/start-here/setup-minimax";

/// The token that the options or the environment give, if they do, and what may be a mistake about it.
pub(super) fn given(
    options: &InitArgs,
    environment: &Environment,
    now: Timestamp,
) -> anyhow::Result<Option<(Secret, Vec<Problem>)>> {
    let in_file = environment.path(FILE_VARIABLE);
    let (origin, named_by) = if let Some(path) = &options.token_file {
        (Origin::File(path.clone()), "--token-file".to_owned())
    } else if environment.path(VARIABLE).is_some() {
        anyhow::ensure!(
            in_file.is_none(),
            "{VARIABLE} and {FILE_VARIABLE} are both set: remove one of the two"
        );
        (Origin::Environment(VARIABLE.to_owned()), format!("environment variable {VARIABLE}"))
    } else if let Some(path) = in_file {
        (Origin::File(path), format!("environment variable {FILE_VARIABLE}"))
    } else {
        return Ok(None);
    };
    Ok(Some(config::api_token(&origin, &named_by, environment, now)?))
}

/// Why the list of accounts is not usable.
pub(super) enum Refusal {
    /// The token: another one may be accepted.
    Token(String),
    /// Anything else.
    Other(String),
}

/// The accounts that the API lists for the subscription of `config`.
pub(super) async fn list_accounts(config: &Config) -> anyhow::Result<Result<Listing<Observation>, Refusal>> {
    let subscription = config.subscriptions.first().context("there is no subscription")?;
    let client = Client::new(&config.api).context("cannot prepare requests to the API")?;
    let progress = Progress::new();
    progress.say("asking useapi.net for the accounts");
    let token = subscription.token.value.clone().into();
    let listing =
        client.accounts(&token, &LastAnswers::new(), &clock::system(), Answer::into_observation).await;
    progress.finish();
    let probed = Listing {
        outcome: listing.outcome,
        error: listing.error.clone(),
        retry_after: listing.retry_after,
        accounts: listing.accounts.keys().map(|id| (id.clone(), ())).collect(),
    };
    let probe = SubscriptionProbe::new(&config.api, subscription, &probed);
    Ok(match listing.outcome {
        Outcome::Ok if listing.accounts.is_empty() => Err(Refusal::Other(format!(
            "{} lists no accounts for this API token. Set up a MiniMax account there first: {SETUP_PAGE}. If there is one, check \
             [api].base_url",
            probe.address
        ))),
        Outcome::Ok => Ok(Listing {
            outcome: listing.outcome,
            error: listing.error,
            retry_after: listing.retry_after,
            accounts: listing.accounts.into_iter().filter_map(|(id, seen)| Some((id, seen?))).collect(),
        }),
        Outcome::Unauthorized => Err(Refusal::Token(format!(
            "{} refuses the API token: {}. Copy the current API token from your account at https://useapi.net (all of it, `user:` included) and try again",
            probe.address,
            text::one_line(&probe.result)
        ))),
        _ => Err(Refusal::Other(format!(
            "{} did not list the accounts: {}. {}",
            probe.address,
            text::one_line(&probe.result),
            probe.hint.unwrap_or_default().trim_end_matches('.')
        ))),
    })
}

/// What to do when nothing gives the token.
pub(super) fn missing() -> String {
    format!("no API token: set {VARIABLE} or {FILE_VARIABLE}, or name a file that holds it with --token-file")
}

/// Where a person finds the token.
pub(super) const WHERE: &str =
    "Your account at https://useapi.net shows the API token: user:<digits>-<letters and digits>.";

/// Asks for the token.
pub(super) async fn ask(dialogue: &mut Dialogue) -> anyhow::Result<Secret> {
    loop {
        let answer = dialogue.ask_hidden("API token").await?;
        if !answer.is_empty() {
            return Ok(Secret { value: answer.into(), origin: Origin::Inline });
        }
    }
}

/// What is wrong with a token that was typed.
///
/// # Errors
/// The same problems, if another variable has one: nobody can type that better.
pub(super) fn about_answer(problems: &Problems) -> Result<String, Problems> {
    let is_about_token = |problem: &&Problem| problem.origin.ends_with(VARIABLE);
    match problems.iter().find(is_about_token) {
        Some(problem) if problems.iter().len() == 1 => {
            Ok(receivers::about_answers(&problem.reason, &[(VARIABLE, String::new())]))
        }
        _ => Err(problems.clone()),
    }
}
