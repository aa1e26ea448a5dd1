use std::collections::{BTreeMap, BTreeSet};
use strum::IntoEnumIterator;

use proptest::prelude::*;

use super::super::{Store, Watched, Writer};
use super::{Home, account, at, jobs, main_subscription, named, record, unstable_row};
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::account_state::{AccountState, Fault, UnconfirmedFault};
use crate::domain::configuration::Configuration;
use crate::domain::observation::Outcome;
use crate::domain::time::Timestamp;

/// How many rows the writer's connection has ever written.
async fn rows_written(writer: &mut Writer) -> i64 {
    sqlx::query_scalar("SELECT total_changes()").fetch_one(writer.connection()).await.unwrap()
}

async fn watch(home: &Home, wanted: &[Watched]) -> i64 {
    let mut writer = home.write().await;
    let before = rows_written(&mut writer).await;
    writer.watch(wanted).await.unwrap();
    let written = rows_written(&mut writer).await - before;
    writer.commit().await.unwrap();
    written
}

async fn names(store: &Store) -> Vec<String> {
    store.watched().await.unwrap().into_iter().map(|known| known.name).collect()
}

#[tokio::test]
async fn exactly_the_wanted_accounts_are_watched_and_only_differences_are_written() {
    let home = Home::new().await;
    let (a, b) = (named("1", "studio-a"), named("2", "studio-b"));
    assert_eq!(watch(&home, &[a.clone(), b.clone()]).await, 2);
    assert_eq!(names(&home.store).await, ["studio-a", "studio-b"]);
    assert_eq!(watch(&home, &[b.clone(), a.clone()]).await, 0, "the same again");
    assert_eq!(watch(&home, &[named("1", "studio-z"), b.clone()]).await, 1, "a new name");
    assert_eq!(names(&home.store).await, ["studio-z", "studio-b"]);
    assert_eq!(watch(&home, std::slice::from_ref(&b)).await, 1, "one left");
    assert_eq!(watch(&home, std::slice::from_ref(&b)).await, 0, "it left once");
    assert_eq!(names(&home.store).await, ["studio-b"]);
    assert_eq!(watch(&home, &[a, b]).await, 1, "it is back");
    assert_eq!(names(&home.store).await, ["studio-a", "studio-b"]);
}

#[tokio::test]
async fn state_of_an_account_outlives_its_absence() {
    let home = Home::watching(&["1"]).await;
    let account_state =
        AccountState { checked_at: Some(at(1)), expires_at: Some(at(9)), ..AccountState::default() };
    let mut writer = home.write().await;
    writer.save_account_states([unstable_row(&account("1"), &account_state)]).await.unwrap();
    writer.insert_snapshots(&[(&account("1"), &jobs(3))], at(1)).await.unwrap();
    writer.commit().await.unwrap();

    watch(&home, &[]).await;
    assert!(home.store.watched().await.unwrap().is_empty());
    let absent = record(&mut home.write().await, &account("1")).await.unwrap();
    watch(&home, &[named("1", "1")]).await;
    let [returned] = &home.store.watched().await.unwrap()[..] else { panic!("one is watched") };
    assert_eq!((&returned.account_state, &returned.configuration), (&account_state, &Some(jobs(3))));
    assert_eq!(*returned, absent);
}

#[tokio::test]
async fn states_of_many_accounts_are_stored_exactly_and_others_are_untouched() {
    let ids = ["007", "7", "1e3", "null", "true", "a\"b\\c", "ü\u{1}\u{2026}", "{\"a\":1}", "other"];
    let home = Home::watching(&ids).await;
    let account_state = |index: usize, id: &str| AccountState {
        outcome: Some(Outcome::Ok),
        error: index.is_multiple_of(2).then(|| format!("{id} \"said\" \\ 'so'\n\u{2028}")),
        checked_at: Some(at(i64::try_from(index).unwrap())),
        last_ok_run: Some(i64::MAX),
        expires_at: index.is_multiple_of(3).then(|| super::days(30)),
        expiry_missing: !index.is_multiple_of(3),
        faults: if index.is_multiple_of(2) { [Fault::NotFound, Fault::Malformed].into() } else { [].into() },
        ..AccountState::default()
    };
    let (some, keys): (Vec<_>, Vec<_>) =
        ids[..8].iter().enumerate().map(|(index, id)| (account_state(index, id), account(id))).unzip();
    let seen: Vec<_> = keys.iter().zip(1..).map(|(account, number)| (account, jobs(number))).collect();
    let seen: Vec<_> = seen.iter().map(|(account, configuration)| (*account, configuration)).collect();
    let mut writer = home.write().await;
    writer
        .save_account_states(
            keys.iter().zip(&some).map(|(account, account_state)| unstable_row(account, account_state)),
        )
        .await
        .unwrap();
    writer.insert_snapshots(&seen, at(0)).await.unwrap();
    writer.insert_snapshots(&seen[..1], at(1)).await.unwrap();
    writer.touch_snapshots(&keys.iter().collect::<Vec<_>>(), at(60)).await.unwrap();
    writer.commit().await.unwrap();
    for ((account, account_state), (_, configuration)) in keys.iter().zip(&some).zip(&seen) {
        let known = record(&mut home.write().await, account).await.unwrap();
        assert_eq!(
            (&known.account_state, known.configuration.as_ref()),
            (account_state, Some(*configuration)),
            "{account:?}"
        );
        let snapshots = home.store.snapshots(account).await.unwrap();
        let last = snapshots.last().unwrap();
        assert_eq!((last.last_seen_at, last.checks), (at(60), 2), "{account:?}");
    }
    let other = record(&mut home.write().await, &account("other")).await.unwrap();
    assert_eq!((other.account_state, other.configuration), (AccountState::default(), None));
}

#[tokio::test]
async fn same_id_under_two_tokens_is_two_accounts() {
    let home = Home::new().await;
    let other = AccountKey::new(&SubscriptionName::new("other"), &AccountId::new("1"));
    let twin = Watched { account: other.clone(), name: "twin".to_owned(), discovered: false };
    watch(&home, &[named("1", "studio-a"), twin]).await;
    let mut writer = home.write().await;
    let account_state = AccountState { error: Some("gone".to_owned()), ..AccountState::default() };
    writer.save_account_states([unstable_row(&other, &account_state)]).await.unwrap();
    assert_eq!(record(&mut writer, &account("1")).await.unwrap().account_state, AccountState::default());
    assert_eq!(record(&mut writer, &other).await.unwrap().account_state, account_state);
}

#[tokio::test]
async fn account_that_was_never_watched_is_not_stored() {
    let home = Home::watching(&["1"]).await;
    assert_eq!(record(&mut home.write().await, &account("01")).await, None);
}

#[tokio::test]
async fn accounts_are_sorted_by_key() {
    let home = Home::new().await;
    let ids = ["b", "Ä", "", "10", "9", "B", "ä"];
    watch(&home, &ids.map(|id| named(id, id))).await;
    let keys: Vec<AccountKey> =
        home.store.watched().await.unwrap().into_iter().map(|known| known.account).collect();
    assert_eq!(keys.len(), ids.len());
    assert!(keys.is_sorted(), "{keys:?}");
}

async fn find(home: &Home, ids: &[&str]) {
    let mut writer = home.write().await;
    let ids: Vec<AccountId> = ids.iter().map(|id| AccountId::new(*id)).collect();
    let ids: Vec<&AccountId> = ids.iter().collect();
    for id in writer.not_yet_watched(&main_subscription(), &ids).await.unwrap() {
        let found = Watched { account: account(id.as_str()), name: id.to_string(), discovered: true };
        writer.upsert_watched([&found]).await.unwrap();
    }
    writer.commit().await.unwrap();
}

async fn discovered(home: &Home) -> Vec<String> {
    let ids = home.store.discovered(&main_subscription()).await.unwrap();
    ids.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn discovered_account_is_watched_and_a_named_one_stays_named() {
    let home = Home::new().await;
    watch(&home, &[named("1", "studio-a"), named("2", "studio-b")]).await;
    watch(&home, &[named("1", "studio-a")]).await;
    find(&home, &["1", "2", "3", ""]).await;
    assert_eq!(names(&home.store).await, ["", "studio-a", "2", "3"]);
    assert_eq!(discovered(&home).await, ["2", "3"], "neither the list itself nor what was named");
    let other = SubscriptionName::new("other");
    assert!(home.store.discovered(&other).await.unwrap().is_empty());
    watch(&home, &[named("3", "studio-c")]).await;
    assert!(discovered(&home).await.is_empty(), "it is named now, and the others are no longer watched");
}

fn due_for_recheck(recheck_at: Timestamp) -> AccountState {
    let unconfirmed = UnconfirmedFault { fault: Fault::NotFound, since: at(0), recheck_at };
    AccountState { unconfirmed: Some(unconfirmed), ..AccountState::default() }
}

#[tokio::test]
async fn next_recheck_is_the_earliest_of_a_watched_account() {
    let home = Home::watching(&["1", "2", "3"]).await;
    assert_eq!(home.store.next_recheck().await.unwrap(), None);
    let mut writer = home.write().await;
    for (id, seconds) in [("1", 30), ("2", 20), ("3", 10)] {
        writer
            .save_account_states([unstable_row(&account(id), &due_for_recheck(at(seconds)))])
            .await
            .unwrap();
    }
    writer.watch(&[named("1", "1"), named("2", "2")]).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(home.store.next_recheck().await.unwrap(), Some(at(20)));
    let mut writer = home.write().await;
    writer.save_account_states([unstable_row(&account("2"), &AccountState::default())]).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(home.store.next_recheck().await.unwrap(), Some(at(30)));
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_102_444_800_000).prop_map(|millis| Timestamp::from_timestamp_millis(millis).unwrap())
}

fn second() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_102_444_800).prop_map(|seconds| Timestamp::from_timestamp(seconds, 0).unwrap())
}

fn maybe<T: std::fmt::Debug>(some: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(some)
}

fn fault() -> impl Strategy<Value = Fault> {
    proptest::sample::select(Fault::iter().collect::<Vec<_>>())
}

prop_compose! {
    fn unconfirmed()(fault in fault(), since in moment(), recheck_at in moment()) -> UnconfirmedFault {
        UnconfirmedFault { fault, since, recheck_at }
    }
}

prop_compose! {
    fn looks()(
        outcome in maybe(proptest::sample::select(Outcome::iter().collect::<Vec<_>>())),
        error in maybe(any::<String>()),
        checked_at in maybe(moment()),
        auth_run in any::<Option<i64>>(),
        last_ok_run in any::<Option<i64>>(),
        last_ok_at in maybe(moment()),
        last_conclusive_at in maybe(moment()),
        unreachable_since in maybe(moment()),
    ) -> AccountState {
        AccountState {
            outcome, error, checked_at, auth_run, last_ok_run, last_ok_at, last_conclusive_at, unreachable_since,
            ..AccountState::default()
        }
    }
}

prop_compose! {
    fn account_state()(
        looks in looks(),
        unconfirmed in maybe(unconfirmed()),
        faults in proptest::collection::btree_set(fault(), 0..=5),
        expires_at in maybe(moment()),
        expiry_missing in any::<bool>(),
    ) -> AccountState {
        let faults: BTreeSet<Fault> = faults;
        AccountState { unconfirmed, faults, expires_at, expiry_missing, ..looks }
    }
}

prop_compose! {
    fn configuration()(
        host in any::<Option<String>>(),
        user_id in any::<Option<String>>(),
        max_jobs in any::<Option<i64>>(),
        capabilities in proptest::collection::btree_map(any::<String>(), any::<bool>(), 0..5),
        exp_expire in maybe(second()),
        exp in maybe(second()),
    ) -> Configuration {
        Configuration { host, user_id, max_jobs, capabilities, exp_expire, exp, ..Configuration::default() }
    }
}

type Accounts = BTreeMap<String, (String, AccountState, Option<Configuration>)>;

async fn store_and_load(accounts: &Accounts) -> Accounts {
    let home = Home::new().await;
    let mut writer = home.write().await;
    let wanted: Vec<Watched> = accounts.iter().map(|(id, (name, ..))| named(id, name)).collect();
    writer.watch(&wanted).await.unwrap();
    for (id, (_, account_state, configuration)) in accounts {
        writer.save_account_states([unstable_row(&account(id), account_state)]).await.unwrap();
        if let Some(configuration) = configuration {
            writer.insert_snapshots(&[(&account(id), configuration)], at(0)).await.unwrap();
        }
    }
    writer.commit().await.unwrap();
    home.store.close().await;
    let again = Store::open_existing(&home.path()).await.unwrap().unwrap();
    let known = again.watched().await.unwrap();
    again.close().await;
    known
        .into_iter()
        .map(|known| (known.account.id.to_string(), (known.name, known.account_state, known.configuration)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_account_record_survives_being_stored(
        accounts in proptest::collection::btree_map(
            any::<String>(), (any::<String>(), account_state(), maybe(configuration())), 0..12)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        prop_assert_eq!(runtime.block_on(store_and_load(&accounts)), accounts);
    }
}
