//! A world in a temporary folder: a simulated useapi.net, two webhooks and a mail server on loopback, a store file, and the
//! engine with a configuration that is loaded from text as a user's is. Time moves only when a test moves it.

use std::ops::Deref;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{TimeDelta, TimeZone, Utc};
use minimax_watch::api::Client;
use minimax_watch::config::{self, Environment, Source};
use minimax_watch::domain::alerts::Alert;
use minimax_watch::domain::clock::Clock;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::engine::{Engine, NextStep, Run, RunSummary, Scope};
use minimax_watch::notify::Sender;
use minimax_watch::report::Report;
use minimax_watch::store::Store;
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, SqlitePool};
use tempfile::TempDir;

use crate::received;
use crate::simulator::{
    Alertmanager, FakeUseApi, Login, Record, SmtpServer, SmtpSetup, Subscription, VirtualNow, WebhookServer,
};

pub(crate) const MAIN_TOKEN: &str = "user:1001-mAiNtOkEn0123456789aB";
pub(crate) const OTHER_TOKEN: &str = "user:2002-oThErToKeN0123456789";
pub(crate) const SMTP_PASSWORD: &str = "sMtP-pAsSwOrD-0815";
pub(crate) const SIGNING_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// A part of the pager's address, when it is configured by [`SECRET_PAGER`].
pub(crate) const URL_SECRET: &str = "T0PsEcReTpAtH4711";

/// When every world begins.
pub(crate) fn start() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 1, 8, 0, 0).unwrap()
}

pub(crate) const fn days(days: i64) -> TimeDelta {
    TimeDelta::days(days)
}

pub(crate) const fn hours(hours: i64) -> TimeDelta {
    TimeDelta::hours(hours)
}

pub(crate) const fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

pub(crate) const fn seconds(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}

/// A healthy account whose token outlasts most tests.
pub(crate) fn healthy(id: &str) -> Record {
    Record::ending(id, start() + days(90))
}

/// The pager: a signed webhook for everything.
pub(crate) const PAGER: &str = r#"
[[receivers]]
name = "pager"
type = "webhook"
url = "@pager@"
secret_file = "webhook-secret"
"#;

/// The pager, whose address is a secret.
pub(crate) const SECRET_PAGER: &str = r#"
[[receivers]]
name = "pager"
type = "webhook"
url_file = "secret-url"
secret_file = "webhook-secret"
"#;

/// The desk: an unsigned webhook for everything.
pub(crate) const DESK: &str = r#"
[[receivers]]
name = "desk"
type = "webhook"
url = "@desk@"
"#;

/// The first Alertmanager gets everything.
pub(crate) const ALERTMANAGER: &str = r#"
[[receivers]]
name = "am"
type = "alertmanager"
urls = ["@alertmanager@"]
labels = { team = "video" }
"#;

/// Both Alertmanagers get everything.
pub(crate) const ALERTMANAGER_PAIR: &str = r#"
[[receivers]]
name = "am"
type = "alertmanager"
urls = ["@alertmanager@", "@second_alertmanager@"]
labels = { team = "video" }
"#;

/// Mail to two people, with a login.
pub(crate) const MAIL: &str = r#"
[[receivers]]
name = "mail"
type = "email"
from = "minimax-watch <watch@example.com>"
to = ["ops@example.com", "boss@example.com"]
smtp = { host = "127.0.0.1", port = @smtp@, tls = "none", username = "watch", password_file = "smtp-password" }
"#;

/// The text of a configuration, in pieces that tests replace.
#[derive(Clone)]
pub(crate) struct Settings {
    subscriptions: String,
    api: String,
    expiry: String,
    alerts: String,
    store: String,
    receivers: String,
}

impl Settings {
    /// These accounts of the subscription `main`, by id and name; the pager gets everything once.
    pub(crate) fn watching(accounts: &[(&str, &str)]) -> Self {
        let accounts: Vec<String> =
            accounts.iter().map(|(id, name)| format!("{{ id = {id:?}, name = {name:?} }}")).collect();
        Self::subscriptions(&format!("accounts = [{}]", accounts.join(", ")))
    }

    /// The subscription `main` with further keys.
    pub(crate) fn subscriptions(rest: &str) -> Self {
        Self {
            subscriptions: format!(
                "[[subscriptions]]\nname = \"main\"\ntoken_file = \"main-token\"\n{rest}\n"
            ),
            api: String::new(),
            expiry: String::new(),
            alerts: "repeat_every = \"0s\"".to_owned(),
            store: String::new(),
            receivers: PAGER.to_owned(),
        }
    }

    pub(crate) fn api(self, text: &str) -> Self {
        Self { api: text.to_owned(), ..self }
    }

    pub(crate) fn expiry(self, text: &str) -> Self {
        Self { expiry: text.to_owned(), ..self }
    }

    pub(crate) fn alerts(self, text: &str) -> Self {
        Self { alerts: text.to_owned(), ..self }
    }

    pub(crate) fn store(self, text: &str) -> Self {
        Self { store: text.to_owned(), ..self }
    }

    pub(crate) fn receivers(self, texts: &[&str]) -> Self {
        Self { receivers: texts.concat(), ..self }
    }

    fn text(&self) -> String {
        let Self { subscriptions, api, expiry, alerts, store, receivers } = self;
        let timeout = if api.starts_with("timeout") { "" } else { "timeout = \"5s\"" };
        format!(
            "{subscriptions}\n[api]\nbase_url = \"@api@\"\n{timeout}\n{api}\n[expiry]\n{expiry}\n[alerts]\n{alerts}\n\
             [store]\npath = \"watch.db\"\n{store}\n{receivers}"
        )
    }
}

/// The simulated servers.
pub(crate) struct Servers {
    pub(crate) api: FakeUseApi,
    pub(crate) pager: WebhookServer,
    pub(crate) desk: WebhookServer,
    pub(crate) mailbox: SmtpServer,
    pub(crate) alertmanagers: [Alertmanager; 2],
}

impl Servers {
    /// The text of a configuration with the addresses of the servers.
    fn fill(&self, settings: &Settings) -> String {
        settings
            .text()
            .replace("@api@", self.api.base_url().as_str())
            .replace("@pager@", self.pager.url().as_str())
            .replace("@desk@", self.desk.url().as_str())
            .replace("@alertmanager@", self.alertmanagers[0].url().as_str())
            .replace("@second_alertmanager@", self.alertmanagers[1].url().as_str())
            .replace("@smtp@", &self.mailbox.address().port().to_string())
    }
}

/// Everything that a test needs; dropping it stops the servers.
pub(crate) struct World {
    servers: Servers,
    pub(crate) main: Subscription,
    pub(crate) other: Subscription,
    pub(crate) engine: Engine,
    settings: Settings,
    clock: VirtualNow,
    folder: TempDir,
}

impl Deref for World {
    type Target = Servers;

    fn deref(&self) -> &Servers {
        &self.servers
    }
}

impl World {
    /// Opens it at [`start`], with nothing stored and no account at the vendor.
    pub(crate) async fn open(settings: Settings) -> Self {
        let clock = VirtualNow::new(start());
        let folder = tempfile::tempdir().unwrap();
        let login = Login { username: "watch".to_owned(), password: SecretString::from(SMTP_PASSWORD) };
        let mailbox =
            SmtpServer::open(&clock, SmtpSetup { login: Some(login), ..SmtpSetup::default() }).await.unwrap();
        let pager = WebhookServer::open(&clock, Some(&SecretString::from(SIGNING_SECRET))).await.unwrap();
        let desk = WebhookServer::open(&clock, None).await.unwrap();
        for (name, secret) in [
            ("main-token", MAIN_TOKEN),
            ("other-token", OTHER_TOKEN),
            ("smtp-password", SMTP_PASSWORD),
            ("webhook-secret", SIGNING_SECRET),
            ("secret-url", &format!("{}/{URL_SECRET}", pager.url())),
        ] {
            std::fs::write(folder.path().join(name), format!("{secret}\n")).unwrap();
        }
        let api = FakeUseApi::open(&clock).await.unwrap();
        let (main, other) = (api.subscribe(MAIN_TOKEN.into()), api.subscribe(OTHER_TOKEN.into()));
        let alertmanagers =
            [Alertmanager::open(&clock).await.unwrap(), Alertmanager::open(&clock).await.unwrap()];
        let servers = Servers { api, pager, desk, mailbox, alertmanagers };
        let text = servers.fill(&settings);
        let engine = engine(&folder, &text, None, (Sender::over_network(), clock.clock())).await;
        Self { servers, main, other, engine, settings, clock, folder }
    }

    /// The common case: these accounts, all healthy.
    pub(crate) async fn watching(accounts: &[(&str, &str)]) -> Self {
        let world = Self::open(Settings::watching(accounts)).await;
        world.all_healthy(accounts);
        world
    }

    /// These accounts are healthy at the vendor.
    pub(crate) fn all_healthy(&self, accounts: &[(&str, &str)]) {
        for (id, _) in accounts {
            self.main.put(healthy(id));
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves time to `moment`.
    pub(crate) fn at(&self, moment: Timestamp) {
        assert!(moment >= self.now(), "time runs forwards");
        self.clock.set(moment);
    }

    /// Sets the clock, also backwards.
    pub(crate) fn step_clock(&self, by: TimeDelta) {
        self.clock.set(self.now() + by);
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        self.at(self.now() + by);
    }

    /// Starts a run and makes its first checks.
    pub(crate) async fn start_run(&self) -> (Run, NextStep) {
        let mut run = Run::start(Scope::Everything);
        let step = self.advance_run(&mut run).await;
        (run, step)
    }

    /// Makes the checks of a run that are due.
    pub(crate) async fn advance_run(&self, run: &mut Run) -> NextStep {
        run.advance(&self.engine, self.now(), &|_, _| {}).await.unwrap()
    }

    /// Makes a whole run with its waits, without evaluating alerts.
    pub(crate) async fn check_all(&self) -> RunSummary {
        let (mut run, mut step) = self.start_run().await;
        loop {
            match step {
                NextStep::Finished(summary) => return summary,
                NextStep::WaitUntil(until, _) => self.at(until),
            }
            step = self.advance_run(&mut run).await;
        }
    }

    /// One run as the service makes it: check, confirm, evaluate, deliver.
    pub(crate) async fn run(&self) -> RunSummary {
        let summary = self.check_all().await;
        self.tick().await;
        let Engine { store, config, .. } = &self.engine;
        let report = Report::load(store, config, None, self.now()).await.unwrap();
        let verdict = Report::verdict(store, config, None, self.now()).await.unwrap();
        assert_eq!(verdict, report.verdict, "the verdict alone and the report agree");
        summary
    }

    /// Evaluates, notifies and delivers what is due; returns when the next of these is due.
    pub(crate) async fn tick(&self) -> Option<Timestamp> {
        let (announced, delivery) = self.engine.notify_and_deliver().await.unwrap();
        [announced.next, delivery.next].into_iter().flatten().min()
    }

    /// Lets time pass without a run: wakes exactly when the steps asked for it, as the service does.
    pub(crate) async fn live_until(&self, until: Timestamp) {
        while let Some(next) = self.tick().await.filter(|next| *next <= until) {
            assert!(next > self.now(), "the service would spin");
            self.at(next);
        }
        self.at(until);
        self.tick().await;
    }

    /// Makes a run at each `pause` until `until`.
    pub(crate) async fn run_every(&self, pause: TimeDelta, until: Timestamp) {
        let mut due = self.now() + pause;
        while due <= until {
            self.at(due.max(self.now()));
            self.run().await;
            due += pause;
        }
    }

    /// Closes the store and opens it again, as a restart of the process does.
    pub(crate) async fn restart(self) -> Self {
        let settings = self.settings.clone();
        self.restart_with(settings).await
    }

    /// The same, with another configuration.
    pub(crate) async fn restart_with(mut self, settings: Settings) -> Self {
        self.reopen(settings).await;
        self
    }

    /// The same, in place.
    pub(crate) async fn reopen(&mut self, settings: Settings) {
        self.engine.store.close().await;
        self.replace_engine(&settings, None).await;
        self.settings = settings;
    }

    /// Reloads as the service does: a new engine on the store that is open.
    pub(crate) async fn reload(&mut self, settings: Settings) {
        let store = self.engine.store.clone();
        self.replace_engine(&settings, Some(store)).await;
        self.engine.watch().await.unwrap();
        self.settings = settings;
    }

    async fn replace_engine(&mut self, settings: &Settings, store: Option<Store>) {
        // The real program makes a new sender too. That costs reading the host's certificates, and a sender has no state.
        let sender = self.engine.sender.clone();
        self.engine =
            engine(&self.folder, &self.servers.fill(settings), store, (sender, self.clock.clock())).await;
    }

    /// What the pager received since the last call, a line for each message.
    pub(crate) fn received(&self) -> Vec<String> {
        let deliveries = self.pager.deliveries();
        self.pager.forget();
        received::lines(&deliveries)
    }

    /// The same with the time of each.
    pub(crate) fn received_with_times(&self) -> Vec<(Timestamp, String)> {
        let moments: Vec<_> = self.pager.deliveries().iter().map(|delivery| delivery.at).collect();
        moments.into_iter().zip(self.received()).collect()
    }

    /// The same at the desk.
    pub(crate) fn received_at_desk(&self) -> Vec<String> {
        let deliveries = self.desk.deliveries();
        self.desk.forget();
        received::lines(&deliveries)
    }

    /// The subjects of the mails received since the last call.
    pub(crate) fn received_mail(&self) -> Vec<String> {
        let mails = self.mailbox.mails();
        self.mailbox.forget();
        received::subjects(&mails)
    }

    /// The alerts that fire.
    pub(crate) async fn firing(&self) -> Vec<Alert> {
        self.engine.store.firing_alerts().await.unwrap()
    }

    /// The store's file, past the engine.
    pub(crate) async fn database(&self) -> SqlitePool {
        let path = self.engine.config.store.path.display().to_string();
        SqlitePool::connect(&format!("sqlite://{path}")).await.unwrap()
    }

    /// Changes what is stored, past the engine.
    pub(crate) async fn execute(&self, sql: &str) {
        let database = self.database().await;
        sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&database).await.unwrap();
        database.close().await;
    }

    /// The folder of the store and the secrets.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}

/// Loads the configuration as the program does, and opens its store unless `store` is one.
async fn engine(
    folder: &TempDir,
    text: &str,
    store: Option<Store>,
    (sender, clock): (Sender, Clock),
) -> Engine {
    let path = folder.path().join("minimax-watch.toml");
    std::fs::write(&path, text).unwrap();
    let loaded = match config::load(&Source::File(path), &Environment::default(), clock.now()) {
        Ok(loaded) => loaded,
        Err(problems) => panic!("{problems}\n{text}"),
    };
    let config = loaded.config;
    let store = match store {
        Some(store) => store,
        None => Store::open(&config.store.path).await.unwrap(),
    };
    let client = Client::new(&config.api).unwrap();
    let mut engine = Engine::new(config, store, client, sender, clock);
    // It would be waited for in real time.
    engine.max_reading_time = Duration::ZERO;
    engine
}
