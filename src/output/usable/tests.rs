//! Usable accounts as people read them.

use chrono::{TimeDelta, TimeZone, Utc};

use super::*;
use crate::domain::account::{AccountId, SubscriptionName};

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

fn offer(name: &str, days: Option<i64>) -> AccountOffer {
    AccountOffer {
        subscription: SubscriptionName::new("main"),
        id: AccountId::new(name),
        name: name.to_owned(),
        expires_at: days.map(|days| now() + TimeDelta::days(days)),
        max_jobs: days.map(|_| 3),
        trial: false,
        has_warning: false,
    }
}

fn refused(name: &str, reasons: &[&str]) -> UnusableAccount {
    let reasons = reasons.iter().map(|reason| (*reason).to_owned()).collect();
    UnusableAccount { account: offer(name, Some(9)), reasons }
}

fn known() -> UsableAccounts {
    UsableAccounts { generated_at: now(), is_any_known: true, ..UsableAccounts::default() }
}

#[test]
fn usable_accounts_come_first_and_the_others_have_their_reasons() {
    let text = render(&UsableAccounts {
        usable: vec![
            offer("studio-b", Some(20)),
            offer("an-office-with-a-very-long-name-that-wraps-in-a-table", None),
            AccountOffer { has_warning: true, ..offer("studio-a", Some(2)) },
            AccountOffer { trial: true, ..offer("studio-d", Some(25)) },
        ],
        unusable: vec![refused(
            "studio-c",
            &[
                "the last conclusive check was not_found, 2026-11-23 07:10 UTC (5 min ago)",
                "supportAudio is absent",
            ],
        )],
        unknown_flags: vec!["supportAudoi".to_owned()],
        known_flags: ["supportAudio", "supportVideo"].map(str::to_owned).into(),
        ..known()
    });
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn last_line_says_whether_any_account_is_usable() {
    let reasons = ["the token expired 2026-11-23 07:10 UTC"];
    for (report, last) in [
        (UsableAccounts { usable: vec![offer("a", Some(1))], ..known() }, "1 account is usable."),
        (
            UsableAccounts {
                usable: vec![offer("a", Some(1))],
                unusable: vec![refused("b", &reasons)],
                ..known()
            },
            "1 of 2 accounts usable.",
        ),
        (
            UsableAccounts { unusable: vec![refused("b", &reasons)], ..known() },
            "No account is usable, of 1 account.",
        ),
        (
            UsableAccounts { unusable: vec![refused("b", &reasons)], is_any_known: false, ..known() },
            "No account is usable: none of 1 account had a conclusive check yet.",
        ),
        (known(), "No accounts are known: none is set up, or `minimax-watch check` did not run yet."),
    ] {
        assert_eq!(render(&report).lines().last(), Some(last));
    }
}

#[test]
fn long_lists_are_cut_and_counted() {
    let name = |number: usize| format!("studio-{number:03}");
    let usable = (0..=MAX_LISTED).map(|number| offer(&name(number), Some(9))).collect();
    let unusable =
        (0..MAX_LISTED + 7).map(|number| refused(&name(number), &["supportAudio is false"])).collect();
    let text = render(&UsableAccounts { usable, unusable, ..known() });
    assert!(text.contains("... and 1 more: --json lists all\n"), "{text}");
    assert!(text.contains("... and 7 more: --json lists all\n"), "{text}");
    assert!(!text.contains(&name(MAX_LISTED)), "{text}");
    assert!(text.ends_with("101 of 208 accounts usable.\n"), "{text}");
}
