//! Which of the listed accounts the configuration names.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::api::Listing;
use crate::cli::InitArgs;
use crate::domain::account::{AccountId, AccountRef};
use crate::domain::observation::Observation;
use crate::domain::text;
use crate::domain::time::{Timestamp, dated};

use super::super::names;
use super::dialogue::Dialogue;
use crate::output;

/// Accounts that a dialogue lists before it counts the rest.
const MAX_LISTED: usize = 50;

/// What is watched.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) accounts: Vec<AccountRef>,
    /// Whether every account that the API lists is watched too.
    pub(super) discover: bool,
}

/// The accounts that the options name, else those that the person chooses, else all.
pub(super) async fn choose(
    listed: &Listing<Observation>,
    options: &InitArgs,
    dialogue: Option<&mut Dialogue>,
    now: Timestamp,
) -> anyhow::Result<Choice> {
    if options.discover || !options.accounts.is_empty() {
        let named = options.accounts.iter().map(|typed| named(typed, listed));
        let accounts = named.collect::<anyhow::Result<Vec<_>>>()?;
        refuse_duplicates(&accounts)?;
        return Ok(Choice { accounts, discover: options.discover });
    }
    match dialogue {
        Some(dialogue) => ask(listed, dialogue, now).await,
        None => Ok(all(listed)),
    }
}

fn all(listed: &Listing<Observation>) -> Choice {
    Choice { accounts: listed.accounts.keys().map(unnamed).collect(), discover: false }
}

fn unnamed(id: &AccountId) -> AccountRef {
    AccountRef { id: id.clone(), name: id.to_string() }
}

/// The account that `ID` or `ID=NAME` means.
fn named(typed: &str, listed: &Listing<Observation>) -> anyhow::Result<AccountRef> {
    let is_listed = |id: &str| listed.accounts.contains_key(&AccountId::new(id));
    // An id may hold `=` itself.
    let (id, name) =
        if is_listed(typed) { (typed, typed) } else { typed.split_once('=').unwrap_or((typed, typed)) };
    anyhow::ensure!(!name.is_empty(), "--account {typed}: there is no name after `=`");
    if is_listed(id) {
        return Ok(AccountRef { id: AccountId::new(id), name: name.to_owned() });
    }
    let known = listed.accounts.keys().map(AccountId::as_str);
    Err(names::unknown("account", id, "the API lists", known))
}

/// Refuses an account that is named twice, and a name of two accounts.
fn refuse_duplicates(accounts: &[AccountRef]) -> anyhow::Result<()> {
    let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
    for AccountRef { id, name } in accounts {
        anyhow::ensure!(ids.insert(id), "--account {id} is given twice");
        anyhow::ensure!(names.insert(name), "--account {id}={name}: another account has this name");
    }
    Ok(())
}

async fn ask(
    listed: &Listing<Observation>,
    dialogue: &mut Dialogue,
    now: Timestamp,
) -> anyhow::Result<Choice> {
    dialogue.show(&format!(
        "\nThe API token is accepted. It opens {}:\n{}",
        output::pluralize(listed.accounts.len(), "account"),
        table(listed, now)
    ));
    dialogue.say("Numbers, such as 1,2, choose some of them; `discover` these and every new one.");
    loop {
        let answer = dialogue.ask("Which are watched", Some("all")).await?;
        match chosen(&answer, listed) {
            Some(choice) => return Ok(choice),
            None => dialogue.say(&format!(
                "{} is not a list of numbers from 1 to {}.",
                text::quoted(&answer),
                listed.accounts.len()
            )),
        }
    }
}

/// What an answer means.
fn chosen(answer: &str, listed: &Listing<Observation>) -> Option<Choice> {
    if answer.eq_ignore_ascii_case("all") {
        return Some(all(listed));
    }
    if answer.eq_ignore_ascii_case("discover") {
        return Some(Choice { accounts: Vec::new(), discover: true });
    }
    let numbers = answer.split([',', ' ']).filter(|number| !number.is_empty());
    let numbers = numbers.map(|number| number.parse::<usize>().ok()?.checked_sub(1));
    let mut numbers = numbers.collect::<Option<Vec<usize>>>().filter(|numbers| !numbers.is_empty())?;
    numbers.sort_unstable();
    numbers.dedup();
    let accounts = numbers.into_iter().map(|number| listed.accounts.keys().nth(number).map(unnamed));
    Some(Choice { accounts: accounts.collect::<Option<_>>()?, discover: false })
}

fn table(listed: &Listing<Observation>, now: Timestamp) -> String {
    let mut text = String::new();
    for (index, (id, observation)) in listed.accounts.iter().take(MAX_LISTED).enumerate() {
        let _ =
            writeln!(text, "  {:>2}  {}: {}", index + 1, text::name(id.as_str()), state(observation, now));
    }
    match listed.accounts.len().saturating_sub(MAX_LISTED) {
        0 => {}
        more => {
            let _ = writeln!(text, "  and {more} more");
        }
    }
    text
}

fn state(observation: &Observation, now: Timestamp) -> String {
    let Some(configuration) = &observation.configuration else {
        let error = observation.error.as_deref().unwrap_or(observation.outcome.as_str());
        return text::one_line(error);
    };
    match configuration.exp_expire.or(configuration.exp) {
        Some(at) if at <= now => format!("token expired {}", dated(at, now)),
        Some(at) => format!("token expires {}", dated(at, now)),
        None => "healthy, its expiry is unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::configuration::Configuration;
    use crate::domain::observation::Outcome;

    use super::*;

    fn listed(ids: &[&str]) -> Listing<Observation> {
        let accounts = ids.iter().map(|id| (AccountId::new(*id), Observation::ok(Configuration::default())));
        Listing { outcome: Outcome::Ok, error: None, retry_after: None, accounts: accounts.collect() }
    }

    #[test]
    fn an_answer_chooses_accounts_by_number() {
        let listed = listed(&["a", "b", "c"]);
        for (answer, ids) in
            [("all", &["a", "b", "c"][..]), ("2", &["b"]), ("3, 1", &["a", "c"]), ("1 1", &["a"])]
        {
            let choice = chosen(answer, &listed).unwrap();
            let chosen: Vec<&str> = choice.accounts.iter().map(|account| account.id.as_str()).collect();
            assert_eq!((chosen.as_slice(), choice.discover), (ids, false), "{answer}");
        }
        assert_eq!(chosen("Discover", &listed), Some(Choice { accounts: Vec::new(), discover: true }));
        for answer in ["", ",", "0", "4", "a", "1-2", "-1", "99999999999999999999999"] {
            assert_eq!(chosen(answer, &listed), None, "{answer}");
        }
    }

    #[test]
    fn an_account_and_a_name_are_given_once() {
        for (given, problem) in [
            ([("1", "1"), ("1", "a")], "--account 1 is given twice"),
            ([("1", "a"), ("2", "a")], "--account 2=a: another account has this name"),
        ] {
            let accounts =
                given.map(|(id, name)| AccountRef { id: AccountId::new(id), name: name.to_owned() });
            assert_eq!(refuse_duplicates(&accounts).unwrap_err().to_string(), problem);
        }
    }

    #[test]
    fn an_option_names_a_listed_account_and_perhaps_gives_it_a_name() {
        let listed = listed(&["12", "a=b"]);
        for (typed, id, name) in
            [("12", "12", "12"), ("12=studio=a", "12", "studio=a"), ("a=b", "a=b", "a=b")]
        {
            let account = named(typed, &listed).unwrap();
            assert_eq!((account.id.as_str(), account.name.as_str()), (id, name));
        }
        let unnamed = named("12=", &listed).unwrap_err().to_string();
        assert_eq!(unnamed, "--account 12=: there is no name after `=`");
        let unknown = named("13=x", &listed).unwrap_err().to_string();
        assert_eq!(unknown, "unknown account \"13\"; the API lists: 12, a=b");
    }
}
