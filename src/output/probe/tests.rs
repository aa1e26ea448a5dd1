use chrono::{TimeZone, Utc};

use super::*;
use crate::domain::account::{AccountId, ReceiverName, SubscriptionName};
use crate::domain::observation::Outcome;
use crate::report::{MissingAccount, ReceiverProbe, SubscriptionProbe};

fn probe(good: bool) -> Probe {
    let token = "token from file /etc/minimax-watch/useapi-token";
    let subscription = SubscriptionProbe {
        name: SubscriptionName::new("main"),
        good,
        address: "api.useapi.net:443".to_owned(),
        tried: format!("GET the list of accounts from api.useapi.net:443, {token}"),
        outcome: Outcome::Ok,
        seen: if good {
            "token accepted, 12 accounts listed".to_owned()
        } else {
            "token accepted, 12 accounts listed; of the configured ones `studio-b` (id 789) is missing"
                .to_owned()
        },
        listed: Some(12),
        missing: vec![MissingAccount { id: AccountId::new("789"), name: "studio-b".to_owned() }],
        not_configured: Vec::new(),
        next: (!good)
            .then(|| "Compare id `789` in the configuration with the accounts at useapi.net.".to_owned()),
    };
    let receiver = ReceiverProbe {
        name: ReceiverName::new("pager"),
        good: true,
        address: "hooks.example.com:443".to_owned(),
        tried: "connection to hooks.example.com:443; no request (URL from environment variable PAGER_URL)"
            .to_owned(),
        seen: "connected, certificate trusted".to_owned(),
        next: None,
    };
    let receivers = if good { Vec::new() } else { vec![receiver] };
    Probe::of(vec![subscription], receivers, Utc.with_ymd_and_hms(2026, 11, 23, 3, 30, 0).unwrap())
}

#[test]
fn each_way_has_a_block_with_its_verdict_and_what_to_do() {
    insta::assert_snapshot!("some_failed", render(&probe(false), Paint(false)));
    insta::assert_snapshot!("all_good", render(&probe(true), Paint(false)));
}
