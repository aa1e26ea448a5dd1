//! The status page and the page of an account, as a client without scripts reads them.

use chrono::TimeDelta;

use crate::child::Service;
use crate::http_client::{Client, TOKEN};
use crate::setup::{Setup, healthy};
use crate::simulator::{Answer, Record, Refusal, Reply, StatusCode};

const OPEN: &str = "[http]\nlisten = \"127.0.0.1:0\"\n";
const PROTECTED: &str = "[http]\nlisten = \"127.0.0.1:0\"\ntoken_file = \"http-token\"\n";

/// An id that is markup, a path and a query at once.
const HOSTILE: &str = "<img src=x onerror=alert(1)>&\"'/../?q=%41#";

/// A service that shows what `check` stored; it checks what was unhealthy again.
async fn serving(records: Vec<Record>, accounts: &[&str], more: &str) -> (Setup, Service, Client) {
    let setup = Setup::open().await;
    for record in records {
        setup.vendor.put(record);
    }
    setup.configure(accounts, more);
    setup.secret("http-token", TOKEN);
    setup.run(&["check"]);
    let mut service = setup.serve(&[]);
    let client = Client::of(&mut service);
    (setup, service, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_comes_first_with_what_to_do() {
    let records =
        vec![Record::ending("well", healthy()), Record::ending("near", healthy() - TimeDelta::days(18))];
    let (_setup, _service, client) = serving(records, &["well", "near", "gone"], OPEN).await;
    let page = client.get("/");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let order: Vec<_> = [
        ">CRITICAL</span> 2 alerts are open; 1 of 3 accounts cannot take jobs</h1>",
        "Last checked ",
        "gone: Account not found</h3>",
        "<code>minimax-watch ack ",
        "near: Token expires soon</h3>",
        "<a href=\"accounts&#x2f;main&#x2f;gone\">gone</a>",
        "<a href=\"accounts&#x2f;main&#x2f;near\">near</a>",
        "<a href=\"accounts&#x2f;main&#x2f;well\">well</a>",
    ]
    .iter()
    .map(|text| page.body.find(text).unwrap_or_else(|| panic!("{text} is missing in {}", page.body)))
    .collect();
    assert!(order.is_sorted(), "{order:?}");
    assert!(!page.body.contains("late-after-"), "the next run is due in a year");
    for refused in ["<script", "style=", "http-equiv", "src=", "href=\"http"] {
        assert!(!page.body.contains(refused), "{refused}");
    }
    let account = client.get("/accounts/main/near");
    assert_eq!(account.status, 200);
    for text in [
        "<h1><span class=\"tone-warning\">WARNING</span> near</h1>",
        ">alert</span>",
        "first seen",
        "href=\"..&#x2f;..&#x2f;style.css\"",
    ] {
        assert!(account.body.contains(text), "{text} is missing in {}", account.body);
    }
    assert!(!account.body.contains("gone"), "{}", account.body);
    for unknown in ["/accounts/main/other", "/accounts/other/near", "/accounts/main/"] {
        assert_eq!(client.get(unknown).status, 404, "{unknown}");
    }
    assert_eq!(client.get("/icon.svg").header("content-type"), Some("image/svg+xml"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_filtered_and_paged() {
    let ids: Vec<String> = (0..120).map(|number| format!("account-{number:03}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let records = ids.iter().map(|id| Record::ending(*id, healthy())).collect();
    let (_setup, _service, client) = serving(records, &ids, OPEN).await;
    let listed = |path: &str| {
        let page = client.get(path);
        assert_eq!(page.status, 200, "{path}");
        (page.body.matches("<tr class=\"edge-").count(), page.body)
    };
    let (first, body) = listed("/");
    assert!(first == 50 && body.contains("1 to 50 of 120, worst first"), "{first}: {body}");
    assert!(body.contains("href=\"./?page=2\"") && !body.contains("rel=\"prev\""), "{body}");
    let (last, body) = listed("/?page=3");
    assert!(
        last == 20 && body.contains("101 to 120 of 120") && !body.contains("rel=\"next\""),
        "{last}: {body}"
    );
    assert_eq!(listed("/?page=999").0, 20, "the last page");
    let (some, body) = listed("/?q=ACCOUNT-11&show=all");
    assert!(some == 10 && body.contains("1 to 10 of 10 that match, of 120 in all"), "{some}: {body}");
    assert!(listed("/?q=nothing").1.contains("None of the 120 accounts matches"));
    assert_eq!(listed("/?show=problems").0, 0);
    assert_eq!(listed("/?show=usable&page=2").0, 50);
    for refused in ["/?page=0", "/?show=some", "/?x=1", "/?q=a&q=b"] {
        assert_eq!(client.get(refused).status, 400, "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_says_when_it_is_too_old() {
    // Overdue after two intervals, and at most one more until the schedule comes round.
    for (cron, delays) in
        [("@hourly", 120..=180), ("0 0 * * *", 2_880..=4_320), ("0 0 * * 1", 20_160..=30_240)]
    {
        let mut setup = Setup::with(&["a"], OPEN).await;
        setup.set("MINIMAX_WATCH__SCHEDULE__CRON", cron);
        setup.run(&["check"]);
        let mut service = setup.serve(&[]);
        let page = Client::of(&mut service).get("/");
        let class = page
            .body
            .split("<div class=\"freshness late-after-")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let delay: i64 = class.unwrap_or_else(|| panic!("{cron}: {}", page.body)).parse().unwrap();
        assert!(delays.contains(&delay), "{cron}: {delay}");
        assert!(
            page.body.contains("This page is old")
                && page.header("cache-control") == Some("private, no-store")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_texts_are_text() {
    let record = Record::ending(HOSTILE, healthy());
    let setup = Setup::open().await;
    setup.vendor.put(record);
    setup.configure(&[], &format!("{OPEN}[[subscriptions.accounts]]\nid = 'placeholder'\n"));
    let text = std::fs::read_to_string(setup.path("minimax-watch.toml")).unwrap();
    let account =
        format!("[[subscriptions.accounts]]\nid = {}\nname = \"<b>\\u202Ex</b>\"\n", toml_string(HOSTILE));
    let text = text.replace("[[subscriptions.accounts]]\nid = 'placeholder'\n", "");
    std::fs::write(setup.path("minimax-watch.toml"), text.replace("[store]", &format!("{account}[store]")))
        .unwrap();
    setup.run(&["check"]);
    let mut service = setup.serve(&[]);
    let client = Client::of(&mut service);
    let page = client.get("/");
    for markup in ["<img", "<b>", "\u{202e}"] {
        assert!(!page.body.contains(markup), "{markup}: {}", page.body);
    }
    assert!(page.body.contains("&lt;b&gt;\\u{202e}x&lt;&#x2f;b&gt;"), "{}", page.body);
    let link = page.body.split("scope=\"row\"><a href=\"").nth(1).unwrap().split('"').next().unwrap();
    let account = client.get(&format!("/{}", link.replace("&#x2f;", "/")));
    assert_eq!(account.status, 200, "{link}: {account:?}");
    assert!(!account.body.contains("<img"), "{}", account.body);
    for query in ["/?q=%3Cimg%20src%3Dx%3E", "/accounts/main/%3Cimg%20src%3Dx%3E"] {
        assert!(!client.get(query).body.contains("<img"), "{query}");
    }
}

fn toml_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_token_every_page_is_the_form() {
    let (_setup, _service, client) = serving(vec![Record::ending("a", healthy())], &["a"], PROTECTED).await;
    for (path, action) in
        [("/", "action=\"login\""), ("/accounts/main/a", "action=\"..&#x2f;..&#x2f;login\"")]
    {
        let form = client.get(path);
        assert!(form.status == 401 && form.body.contains(action), "{path}: {form:?}");
        assert!(!form.body.contains("Last checked") && !form.body.contains("0.1.0"), "{form:?}");
        assert_eq!(client.get_as_owner(path).status, 200, "{path}");
    }
    assert_eq!(client.get("/icon.svg").status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_said_with_the_time_and_the_reason() {
    let setup = Setup::open().await;
    for id in ["a", "b"] {
        setup.vendor.put(Record::ending(id, healthy()));
    }
    let down = || Reply::json(StatusCode::BAD_GATEWAY, "{\"error\": \"<b>down</b>\"}");
    setup.vendor.set_job_stats(down());
    setup.vendor.set_features("a", down());
    setup.vendor.set_features("b", Answer::features(&900.into()));
    setup.configure(&["a", "b"], &format!("{OPEN}[jobs]\nwatch = true\n[credits]\nwatch = true\n"));
    setup.run(&["check"]);
    let jobs = "The job statistics of main cannot be read since 20";
    let credits = "The credits of 1 account of main were never read: ";
    let status = setup.run(&["status"]).out.replace('\n', " ");
    assert!(status.contains(jobs) && status.contains(credits), "{status}");
    let mut service = setup.serve(&[]);
    let client = Client::of(&mut service);
    for (path, has_credits) in [("/", true), ("/accounts/main/a", true), ("/accounts/main/b", false)] {
        let page = client.get(path).body;
        assert!(page.contains(jobs) && page.contains("502"), "{page}");
        assert_eq!(page.contains(credits), has_credits, "{page}");
        assert!(!page.contains("<b>"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn advice_fits_the_supervisor_without_receivers_too() {
    let mut setup = Setup::open().await;
    setup.set("container", "podman");
    setup.vendor.set_answer("a", Answer::unauthorized(Refusal::WithCode));
    setup.configure(&["a"], OPEN);
    setup.run(&["check"]);
    let mut service = setup.serve(&[]);
    let page = Client::of(&mut service).get("/");
    assert!(page.body.contains("restart the container"), "{}", page.body);
    assert_eq!(service.stop(), Some(0));
}
