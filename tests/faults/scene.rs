//! A vendor with two subscriptions, a webhook, a mail server and a receiver of another type around the built program, and the
//! verification of what they received.

use chrono::{SubsecRound, TimeDelta};
use minimax_watch::clock;
use minimax_watch::domain::time::Timestamp;
use serde_json::{Value, json};

use crate::RunOptions;
use crate::desk::Desk;
use crate::received::{by_mail, by_webhook};
use crate::report::{Stop, Tally};
use crate::setup::Setup;
use crate::simulator::{Answer, Record, SmtpServer, SmtpSetup, Subscription, WebhookServer};
use crate::stored_state::{StoredState, examine, let_pauses_pass};
use crate::verify::{Expected, Message, compare_receivers, verify};

/// Accounts of the first subscription, named in the configuration.
pub(crate) const NAMED: [&str; 4] = ["a", "b", "c", "d"];

/// Accounts of the second subscription, discovered in its list.
pub(crate) const LISTED: [&str; 2] = ["x", "y"];

const OTHER_TOKEN: &str = "user:5678-0therT0ken";

/// In the order of [`Scene::received`].
const RECEIVERS: [&str; 3] = ["pager", "desk", "mail"];

pub(crate) struct Scene {
    pub(crate) setup: Setup,
    pub(crate) other: Subscription,
    pub(crate) pager: WebhookServer,
    pub(crate) desk: Desk,
    pub(crate) mailbox: SmtpServer,
}

/// The messages of each receiver.
pub(crate) type Heard = [Vec<Message>; 3];

/// That many seconds from now, in whole seconds, as messages show them.
pub(crate) fn ahead(seconds: i64) -> Timestamp {
    clock::now().trunc_subsecs(0) + TimeDelta::seconds(seconds)
}

pub(crate) const DAY: i64 = 86_400;

/// Three jobs of an account that ended now with this code.
pub(crate) fn jobs(account: &str, code: u16) -> Vec<Value> {
    let at = ahead(0);
    let id = |number| format!("user:1-minimax:{account}-job:{}-{code}-{number}", at.timestamp());
    let row = |number| json!({"timestamp": at.to_rfc3339(), "jobid": id(number), "endpoint": "videos", "code": code});
    (0..3).map(row).collect()
}

impl Scene {
    /// A service here runs each second, needs no confirmation and sends no reminders.
    pub(crate) async fn open(run_options: RunOptions) -> Self {
        let mut setup = Setup::open().await;
        for (name, value) in [
            ("SCHEDULE__CRON", "* * * * * *"),
            ("ALERTS__REPEAT_EVERY", "0s"),
            ("ALERTS__UNREACHABLE_AFTER", "3s"),
            ("API__TIMEOUT", "1s"),
            ("JOBS__WATCH", "true"),
            ("CREDITS__WATCH", "true"),
            ("CREDITS__EVERY", "1s"),
            // At the pace of these tests they would always run out soon.
            ("CREDITS__LEAD_TIME", "0s"),
        ] {
            setup.set(&format!("MINIMAX_WATCH__{name}"), value);
        }
        setup.secret("other-token", OTHER_TOKEN);
        let other = setup.api.subscribe(OTHER_TOKEN.into());
        let pager = WebhookServer::open(&setup.now, None).await.unwrap();
        let desk = Desk::open(&setup.now, run_options.turn).await;
        let (desk_receiver, secrets) = desk.receiver();
        for (file, secret) in secrets {
            setup.secret(&file, &secret);
        }
        let mailbox = SmtpServer::open(&setup.now, SmtpSetup::default()).await.unwrap();
        let more = format!(
            "[[subscriptions]]\nname = \"other\"\ntoken_file = \"other-token\"\ndiscover = true\n\
             [[receivers]]\nname = \"pager\"\ntype = \"webhook\"\nurl = \"{}\"\ntimeout = \"1s\"\n{desk_receiver}\
             [[receivers]]\nname = \"mail\"\ntype = \"email\"\nfrom = \"watch@example.com\"\nto = [\"ops@example.com\"]\n\
             smtp = {{ host = \"127.0.0.1\", port = {}, tls = \"none\" }}\n",
            pager.url(),
            mailbox.address().port()
        );
        setup.configure(&NAMED, &more);
        let scene = Self { setup, other, pager, desk, mailbox };
        scene.all_healthy(20 * DAY);
        scene
    }

    /// Every account is healthy, does its jobs, has credits, and expires so many seconds from now.
    pub(crate) fn all_healthy(&self, end: i64) {
        let _ = self.setup.api.come_back();
        for vendor in [&self.setup.vendor, &self.other] {
            vendor.set_all(None);
            vendor.set_list(None);
            vendor.set_account_info(None);
        }
        for (vendor, accounts) in [(&self.setup.vendor, &NAMED[..]), (&self.other, &LISTED[..])] {
            for account in accounts {
                vendor.put(Record::ending(*account, ahead(end)));
                vendor.set_features(account, Answer::features(&json!(1_000)));
            }
            let jobs: Vec<Value> = accounts.iter().flat_map(|account| jobs(account, 200)).collect();
            vendor.set_job_stats(Answer::job_stats(&jobs));
        }
    }

    /// Every receiver accepts everything.
    pub(crate) fn all_accept(&self) {
        self.pager.set(None);
        let _ = self.pager.come_back();
        self.desk.accept_all();
        self.mailbox.set(None);
        let _ = self.mailbox.come_back();
    }

    /// The number of deliveries to each receiver so far.
    pub(crate) fn counts(&self) -> [usize; 3] {
        [self.pager.count(), self.desk.count(), self.mailbox.count()]
    }

    pub(crate) async fn received(&self) -> Heard {
        [
            by_webhook(&self.pager.deliveries()),
            self.desk.received(&self.setup.store()).await,
            by_mail(&self.mailbox.mails()),
        ]
    }

    pub(crate) fn forget(&self) {
        self.pager.forget();
        self.desk.forget();
        self.mailbox.forget();
    }

    /// Runs one `check` without a fault, which must end with that status.
    pub(crate) async fn check(&self, status: i32) -> Result<(), Stop> {
        let check = self.setup.run(&["check"]);
        if check.status != Some(status) {
            return Err(Stop::Violation(format!(
                "an undisturbed check should end with status {status}: {check:?}"
            )));
        }
        examine(&self.setup.store()).await
    }

    /// Makes the vendor healthy and the receivers accept everything, and ends all pauses. One `check` must send the rest, and a
    /// second one nothing.
    pub(crate) async fn finish(&self) -> Result<(), Stop> {
        self.all_healthy(60 * DAY);
        self.all_accept();
        let_pauses_pass(&self.setup.store()).await;
        self.check(0).await?;
        let before = self.counts();
        self.check(0).await?;
        if self.counts() != before {
            return Err(Stop::Violation("a check without changes sent a message".to_owned()));
        }
        Ok(())
    }

    /// Verifies everything that was received, with that many excuses for repeats at each receiver.
    pub(crate) async fn verify(&self, received: &Heard, excuses: [usize; 3]) -> Result<Tally, Stop> {
        let stored_state = StoredState::read(&self.setup.store()).await;
        let mut tally = Tally::default();
        if (stored_state.firing, stored_state.undelivered) != (0, 0) {
            let (firing, undelivered) = (stored_state.firing, stored_state.undelivered);
            return Err(Stop::Violation(format!(
                "{firing} alerts still fire, {undelivered} messages were not delivered"
            )));
        }
        for ((receiver, received), excuses) in RECEIVERS.iter().zip(received).zip(excuses) {
            let is_mail = *receiver == "mail";
            let changes =
                stored_state.changes.iter().map(|change| if is_mail { &change.brief } else { &change.whole });
            let expected = Expected {
                alerts: stored_state.alerts.clone(),
                changes: changes.cloned().collect(),
                outbox: stored_state.outbox.get(*receiver).cloned().unwrap_or_default(),
                excuses,
            };
            let of_type = |stop: Stop| stop.at(&format!("the desk is of the type {}", self.desk.type_name()));
            tally.add(receiver, &verify(received, &expected)).map_err(of_type)?;
        }
        let [pager, others @ ..] = received;
        match others.iter().find_map(|received| compare_receivers(pager, received)) {
            Some(violation) => Err(Stop::Violation(violation.to_string())),
            None => Ok(tally),
        }
    }
}
