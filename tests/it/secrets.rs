//! Secrets and personal data, planted wherever the vendor and the receivers could echo them, are never stored, logged or
//! sent.

use std::borrow::Cow;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use axum::http::{HeaderValue, StatusCode, header};
use minimax_watch::cli::LogLevel;
use minimax_watch::report::Report;
use minimax_watch::telemetry::{self, DefaultVerbosity};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::simulator::{Answer, InjectedFault, Record, Reply, SmtpStage};
use crate::world::{
    MAIL, MAIN_TOKEN, SECRET_PAGER, SIGNING_SECRET, SMTP_PASSWORD, Settings, URL_SECRET, World, days,
    healthy, hours, minutes, start,
};

/// The account's id. It is public, so the search must find it wherever it looks for secrets.
const PUBLIC: &str = "pUbLiC-4711";
const SESSION: &str = "eyJhbGciOiJIUzI1NiJ9.sEsSiOnPaYlOaD.sIgNaTuRe";
const MASKED: &str = "qwe…secured…rty";
const FINGERPRINT: &str = "uuid=pLaNtEdUuId&device_id=pLaNtEdFiNgEr";
const NAME: &str = "pLaNtEdNaMe";
const DEVICE: &str = "pLaNtEdDeViCe";
const AVATAR: &str = "https://cdn.example.com/pLaNtEdAvAtAr.png";

/// Texts that must be found nowhere: the secrets and recognisable parts of them.
const FORBIDDEN: [&str; 14] = [
    MAIN_TOKEN,
    "1001-mAiNtOkEn",
    "mAiNtOkEn0123456789aB",
    SMTP_PASSWORD,
    SIGNING_SECRET,
    "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    URL_SECRET,
    "eyJhbGciOiJIUzI1NiJ9",
    "sEsSiOnPaYlOaD",
    "…secured…",
    "pLaNtEdUuId",
    NAME,
    DEVICE,
    "pLaNtEdAvAtAr",
];

/// What every test of this binary logs, at the level `trace`.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(log.clone());
        let subscriber = tracing_subscriber::registry()
            .with(telemetry::filter(Some(LogLevel::Trace), DefaultVerbosity::Service))
            .with(layer);
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    })
}

fn record() -> Record {
    healthy(PUBLIC)
        .plant("/jwt/token", json!(SESSION))
        .plant("/jwt/searchParams", json!(FINGERPRINT))
        .plant("/jwt/user/name", json!(NAME))
        .plant("/jwt/user/deviceID", json!(DEVICE))
        .plant("/jwt/user/avatar", json!(AVATAR))
        .plant("/cookies", json!([SESSION]))
        .plant("/supportToken", json!(SESSION))
}

/// Every kind of answer, with every secret in it.
fn answers_with_secrets() -> Vec<Answer> {
    let configuration = record().to_json(start(), 0).to_string();
    let echo = format!("You sent Authorization: Bearer {MAIN_TOKEN} with {SESSION} and {MASKED}");
    let escaped = configuration.replace('"', "&quot;");
    let status = |code| StatusCode::from_u16(code).unwrap();
    let personal = json!({"name": NAME, "deviceID": DEVICE, "avatar": AVATAR}).to_string();
    let half = configuration[..configuration.find(DEVICE).unwrap() + DEVICE.len()].to_owned();
    let mut answers: Vec<Answer> = vec![
        record().into(),
        record().plant("/jwt/token", json!(MASKED)).into(),
        record().error(&*echo).into(),
        record().error(&*configuration).into(),
        record().error(&*format!("Session of {personal} expired")).into(),
        record()
            .plant("/error", json!({"code": 7, "message": format!("Session of {personal} expired")}))
            .into(),
        record().plant("/error", json!({"code": 7, "message": echo})).into(),
        record().plant("/error", json!({"message": configuration, "details": echo})).into(),
        record().plant("/error", json!([configuration])).into(),
        record().host(MAIN_TOKEN).user_id(SESSION).into(),
        Reply::json(StatusCode::OK, format!("[{configuration}]")).into(),
        Reply::json(StatusCode::OK, half.clone()).into(),
        Reply::html(StatusCode::OK, format!("<pre>{configuration}</pre>")).into(),
        Reply::json(StatusCode::OK, configuration.clone()).cut_after(half.len()).into(),
        Reply::json(StatusCode::OK, configuration.clone())
            .header(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))
            .into(),
    ];
    for code in [401, 402, 404, 429, 500, 502, 503, 596, 403, 418] {
        let text = |error: &str| json!({"error": error, "code": code}).to_string();
        answers.extend([
            Reply::json(status(code), text(&echo)).into(),
            Reply::json(status(code), text(&configuration)).into(),
            Reply::json(status(code), configuration.clone()).into(),
            Reply::json(status(code), half.clone()).into(),
            Reply::text(status(code), echo.clone()).into(),
            Reply::text(status(code), format!("Session of {personal} expired")).into(),
            Reply::json(status(code), text(&format!("Session of {personal} expired"))).into(),
            Reply::html(status(code), format!("<title>{echo}</title><pre>{escaped}</pre>")).into(),
            Reply::html(status(code), format!("<h1>Error</h1><pre>{configuration}</pre>")).into(),
        ]);
    }
    let elsewhere = format!("http://127.0.0.1:1/?token={MAIN_TOKEN}&session={SESSION}");
    answers.push(
        Reply::status(StatusCode::FOUND)
            .header(header::LOCATION, HeaderValue::try_from(elsewhere).unwrap())
            .into(),
    );
    answers.push(
        Reply::text(status(418), "x")
            .header(header::CONTENT_TYPE, HeaderValue::from_static(MAIN_TOKEN))
            .into(),
    );
    answers
}

/// Everything that is stored, logged or sent, by name.
async fn all_outputs(world: &World) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(world.folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("watch.db") {
            found.push((name, std::fs::read(path).unwrap()));
        }
    }
    assert!(found.iter().any(|(name, _)| name == "watch.db-wal"), "the file that was written last is there");
    for mail in world.mailbox.mails() {
        // As sent, and with the line breaks of quoted-printable removed.
        found.push(("mail, joined".to_owned(), mail.text().replace("=\r\n", "").into_bytes()));
        found.push(("mail".to_owned(), mail.raw));
    }
    for delivery in world.pager.deliveries() {
        found.push(("webhook headers".to_owned(), format!("{:?}", delivery.headers).into_bytes()));
        found.push(("webhook".to_owned(), delivery.body.to_vec()));
    }
    let report = Report::load(&world.engine.store, &world.engine.config, None, world.now()).await.unwrap();
    found.push(("report".to_owned(), serde_json::to_vec(&report).unwrap()));
    let known = world.engine.store.watched().await.unwrap();
    found.push(("debug".to_owned(), format!("{:?} {known:?}", world.engine).into_bytes()));
    found.push(("log".to_owned(), log().0.lock().unwrap().clone()));
    found
}

/// Searches `places` for secrets. First it must find the public id in the usual places and in `others`.
fn assert_clean(places: &[(String, Vec<u8>)], others: &[&str]) {
    let places: Vec<(&str, Cow<'_, str>)> =
        places.iter().map(|(name, bytes)| (name.as_str(), String::from_utf8_lossy(bytes))).collect();
    for kind in ["watch.db-wal", "webhook", "report", "debug", "log"].iter().chain(others) {
        let found = places.iter().any(|(name, text)| name == kind && text.contains(PUBLIC));
        assert!(found, "the search does not find the public id in {kind}");
    }
    for (name, text) in &places {
        for secret in FORBIDDEN {
            if let Some((before, after)) = text.split_once(secret) {
                let before: String =
                    before.chars().rev().take(120).collect::<Vec<_>>().into_iter().rev().collect();
                let after: String = after.chars().take(80).collect();
                panic!("{secret} is in {name}: …{before}>>{secret}<<{after}…");
            }
        }
    }
}

const ALERTS: &str = "confirm_after = \"0s\"\nunreachable_after = \"1s\"\nrepeat_every = \"0s\"";

fn watching(accounts: &[(&str, &str)]) -> Settings {
    Settings::watching(accounts).receivers(&[SECRET_PAGER, MAIL]).alerts(ALERTS)
}

#[tokio::test]
async fn secrets_in_vendor_answers_reach_no_output() {
    log();
    let answers = answers_with_secrets();
    // An account for each answer, and all of them in one message.
    let ids: Vec<String> = (0..answers.len()).map(|index| format!("{PUBLIC}-{index}")).collect();
    let accounts: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), id.as_str())).collect();
    let world = World::open(watching(&accounts)).await;
    for round in 0..3 {
        for (id, answer) in ids.iter().zip(&answers) {
            world.main.set_answer(id, if round == 1 { answer.clone() } else { record().into() });
        }
        for _ in 0..2 {
            world.advance(minutes(15));
            world.run().await;
        }
    }
    world.main.set_answer(&ids[0], record().end(world.now() + days(2)));
    world.run().await;
    assert!(world.pager.deliveries().len() >= 4, "opened, unreachable, resolved, an expiry that moved back");
    assert_clean(&all_outputs(&world).await, &["mail", "mail, joined"]);
    world.engine.store.close().await;
    let closed = std::fs::read(world.folder().join("watch.db")).unwrap();
    let closed = String::from_utf8_lossy(&closed);
    assert!(closed.contains(PUBLIC) && FORBIDDEN.iter().all(|secret| !closed.contains(secret)));
}

#[tokio::test]
async fn secrets_in_account_lists_reach_no_output() {
    log();
    let list = Settings::subscriptions("discover = true").receivers(&[SECRET_PAGER]).alerts(ALERTS);
    let world = World::open(list).await;
    for answer in answers_with_secrets() {
        world.main.set_all(Some(answer));
        world.advance(minutes(15));
        world.run().await;
    }
    world.main.set_all(None);
    world.main.put(record());
    world.run().await;
    world.main.remove(PUBLIC);
    world.run().await;
    assert_clean(&all_outputs(&world).await, &[]);
}

#[tokio::test]
async fn secrets_echoed_by_receivers_reach_no_output() {
    log();
    let world = World::open(watching(&[(PUBLIC, PUBLIC)])).await;
    world.main.put(record());
    world.run().await;
    let echo = format!("no route POST /hook/{URL_SECRET} for {URL_SECRET} signed {SIGNING_SECRET}");
    for code in [404, 500, 301, 429] {
        world.pager.next(Reply::text(StatusCode::from_u16(code).unwrap(), echo.clone()));
        world.mailbox.next(InjectedFault::refuse(SmtpStage::Login, 535));
        world.main.remove(PUBLIC);
        world.run().await;
        world.live_until(world.now() + hours(1)).await;
        world.main.put(record());
        world.run().await;
    }
    world.pager.go_down();
    world.mailbox.go_down();
    world.main.remove(PUBLIC);
    world.run().await;
    assert_clean(&all_outputs(&world).await, &["mail", "mail, joined"]);
}
