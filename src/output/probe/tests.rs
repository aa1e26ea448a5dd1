use chrono::{TimeZone, Utc};

use super::*;
use crate::domain::account::{AccountId, AccountRef, ReceiverName, SubscriptionName};
use crate::domain::observation::Outcome;

fn probe(ok: bool) -> Probe {
    let token = "token from file /etc/minimax-watch/useapi-token";
    let subscription = SubscriptionProbe {
        name: SubscriptionName::new("main"),
        ok,
        address: "api.useapi.net:443".to_owned(),
        action: format!("GET the account list from api.useapi.net:443, {token}"),
        outcome: Outcome::Ok,
        result: if ok {
            "token accepted, 12 accounts listed".to_owned()
        } else {
            "token accepted, 12 accounts listed; `studio-b` (id 789) is configured but not listed".to_owned()
        },
        listed: Some(12),
        missing: vec![AccountRef { id: AccountId::new("789"), name: "studio-b".to_owned() }],
        not_configured: Vec::new(),
        hint: (!ok)
            .then(|| "Compare the id `789` in the configuration with the accounts at useapi.net.".to_owned()),
    };
    let receiver = ReceiverProbe {
        name: ReceiverName::new("pager"),
        ok: true,
        address: "hooks.example.com:443".to_owned(),
        action: "connection to hooks.example.com:443; no request (URL from environment variable PAGER_URL)"
            .to_owned(),
        result: "connected, certificate trusted".to_owned(),
        hint: None,
    };
    let receivers = if ok { Vec::new() } else { vec![receiver] };
    Probe::new(vec![subscription], receivers, Utc.with_ymd_and_hms(2026, 11, 23, 3, 30, 0).unwrap())
}

#[test]
fn each_probe_has_a_block_with_its_verdict_and_a_hint() {
    insta::assert_snapshot!("some_failed", render(&probe(false), Paint(false)));
    insta::assert_snapshot!("all_ok", render(&probe(true), Paint(false)));
}
