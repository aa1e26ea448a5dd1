//! A vendor with two subscriptions, two webhooks and a mail server around the built program, and the judging of what came in.

use chrono::{SubsecRound, TimeDelta};
use minimax_watch::clock;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::simulator::{Hook, Mailbox, Record, Setup, Subscription};

use crate::heard::{by_mail, by_webhook};
use crate::judge::{Due, Message, judge, same_story};
use crate::remains::{Remains, examine, let_pauses_pass};
use crate::report::{Stop, Tally};
use crate::stage::Stage;

/// Accounts of the first subscription, named in the configuration.
pub(crate) const NAMED: [&str; 4] = ["a", "b", "c", "d"];

/// Accounts of the second one, found in its list.
pub(crate) const LISTED: [&str; 2] = ["x", "y"];

const OTHER_TOKEN: &str = "user:5678-0therT0ken";

/// In the order of [`Scene::heard`].
const RECEIVERS: [&str; 3] = ["pager", "desk", "mail"];

pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) other: Subscription,
    pub(crate) pager: Hook,
    pub(crate) desk: Hook,
    pub(crate) mailbox: Mailbox,
}

/// What each receiver heard.
pub(crate) type Heard = [Vec<Message>; 3];

/// That many seconds from now; whole ones, since messages tell no more.
pub(crate) fn ahead(seconds: i64) -> Timestamp {
    clock::now().trunc_subsecs(0) + TimeDelta::seconds(seconds)
}

pub(crate) const DAY: i64 = 86_400;

impl Scene {
    /// Runs each second when it runs as a service; believes bad verdicts at once; reminds of nothing.
    pub(crate) async fn open() -> Self {
        let mut stage = Stage::open().await;
        for (name, value) in [
            ("SCHEDULE__CRON", "* * * * * *"),
            ("ALERTS__REPEAT_EVERY", "0s"),
            ("ALERTS__UNREACHABLE_AFTER", "3s"),
            ("API__TIMEOUT", "1s"),
        ] {
            stage.set(&format!("MINIMAX_WATCH__{name}"), value);
        }
        stage.secret("other-token", OTHER_TOKEN);
        let other = stage.api.subscribe(OTHER_TOKEN.into());
        let (pager, desk) =
            (Hook::open(&stage.now, None).await.unwrap(), Hook::open(&stage.now, None).await.unwrap());
        let mailbox = Mailbox::open(&stage.now, Setup::default()).await.unwrap();
        let webhook = |name: &str, hook: &Hook| {
            format!(
                "[[receivers]]\nname = \"{name}\"\ntype = \"webhook\"\nurl = \"{}\"\ntimeout = \"1s\"\n",
                hook.url()
            )
        };
        let more = format!(
            "[[subscriptions]]\nname = \"other\"\ntoken_file = \"other-token\"\ndiscover = true\n{}{}\
             [[receivers]]\nname = \"mail\"\ntype = \"email\"\nfrom = \"watch@example.com\"\nto = [\"ops@example.com\"]\n\
             smtp = {{ host = \"127.0.0.1\", port = {}, tls = \"none\" }}\n",
            webhook("pager", &pager),
            webhook("desk", &desk),
            mailbox.address().port()
        );
        stage.configure(&NAMED, &more);
        let scene = Self { stage, other, pager, desk, mailbox };
        scene.all_well(20 * DAY);
        scene
    }

    /// Everything at the vendor's is well, and ends so many seconds from now.
    pub(crate) fn all_well(&self, end: i64) {
        let _ = self.stage.api.come_back();
        for vendor in [&self.stage.vendor, &self.other] {
            vendor.set_all(None);
            vendor.set_list(None);
        }
        for (vendor, accounts) in [(&self.stage.vendor, &NAMED[..]), (&self.other, &LISTED[..])] {
            for account in accounts {
                vendor.put(Record::ending(*account, ahead(end)));
            }
        }
    }

    /// Every receiver takes what it is sent.
    pub(crate) fn all_take(&self) {
        for hook in [&self.pager, &self.desk] {
            hook.set(None);
            let _ = hook.come_back();
        }
        self.mailbox.set(None);
        let _ = self.mailbox.come_back();
    }

    /// How many deliveries each receiver ever took in.
    pub(crate) fn counts(&self) -> [usize; 3] {
        [self.pager.count(), self.desk.count(), self.mailbox.count()]
    }

    pub(crate) fn heard(&self) -> Heard {
        [
            by_webhook(&self.pager.deliveries()),
            by_webhook(&self.desk.deliveries()),
            by_mail(&self.mailbox.mails()),
        ]
    }

    pub(crate) fn forget(&self) {
        self.pager.forget();
        self.desk.forget();
        self.mailbox.forget();
    }

    /// One undisturbed pass, which must end with that status.
    pub(crate) async fn check(&self, status: i32) -> Result<(), Stop> {
        let check = self.stage.run(&["check"]);
        if check.status != Some(status) {
            return Err(Stop::Broken(format!(
                "an undisturbed check should end with status {status}: {check:?}"
            )));
        }
        examine(&self.stage.store()).await
    }

    /// Lets everything end well: the vendor is healthy, the receivers take everything, the pauses are over. Then nothing
    /// must be left to say.
    pub(crate) async fn settle(&self) -> Result<(), Stop> {
        self.all_well(60 * DAY);
        self.all_take();
        let_pauses_pass(&self.stage.store()).await;
        self.check(0).await?;
        let before = self.counts();
        self.check(0).await?;
        if self.counts() != before {
            return Err(Stop::Broken("a check without news had something to say".to_owned()));
        }
        Ok(())
    }

    /// Judges all that was `heard`, with that many excuses for repeats at each receiver.
    pub(crate) async fn judge(&self, heard: &Heard, excuses: [usize; 3]) -> Result<Tally, Stop> {
        let remains = Remains::of(&self.stage.store()).await;
        let mut tally = Tally::default();
        if (remains.firing, remains.undelivered) != (0, 0) {
            let (firing, undelivered) = (remains.firing, remains.undelivered);
            return Err(Stop::Broken(format!(
                "{firing} alerts still fire, {undelivered} messages were not delivered"
            )));
        }
        for ((receiver, heard), excuses) in RECEIVERS.iter().zip(heard).zip(excuses) {
            let is_mail = *receiver == "mail";
            let changes =
                remains.changes.iter().map(|change| if is_mail { &change.brief } else { &change.whole });
            let due = Due {
                alerts: remains.alerts.clone(),
                changes: changes.cloned().collect(),
                outbox: remains.outbox.get(*receiver).cloned().unwrap_or_default(),
                excuses,
            };
            tally.add(receiver, &judge(heard, &due))?;
        }
        let [pager, others @ ..] = heard;
        match others.iter().find_map(|heard| same_story(pager, heard)) {
            Some(broken) => Err(Stop::Broken(broken.to_string())),
            None => Ok(tally),
        }
    }
}
