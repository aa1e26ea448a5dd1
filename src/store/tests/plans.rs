//! No statement walks through a table that grows with time.
//!
//! The statements are read from the source, so that a new one is held to the rule without being listed here.

use super::Home;

const SOURCES: &[&str] = &[
    include_str!("../account_state.rs"),
    include_str!("../accounts.rs"),
    include_str!("../acks.rs"),
    include_str!("../alerts.rs"),
    include_str!("../answer_times.rs"),
    include_str!("../notifications.rs"),
    include_str!("../changes.rs"),
    include_str!("../clock_skew.rs"),
    include_str!("../credits.rs"),
    include_str!("../deliveries.rs"),
    include_str!("../digests.rs"),
    include_str!("../job_history.rs"),
    include_str!("../jobs.rs"),
    include_str!("../outbox.rs"),
    include_str!("../plans.rs"),
    include_str!("../purge.rs"),
    include_str!("../resend.rs"),
    include_str!("../runs.rs"),
    include_str!("../series.rs"),
    include_str!("../silences.rs"),
    include_str!("../snapshots.rs"),
    include_str!("../subscriptions.rs"),
    include_str!("../totals.rs"),
    include_str!("../notification_queries.rs"),
    include_str!("../unchanged.rs"),
];

/// Walks that are wanted, each with a part of its statement.
const WANTED: &[(&str, &str)] = &[
    // Every account is asked for: their number is the operator's, and does not grow with time.
    ("UPDATE accounts SET watched = 0", "SCAN accounts USING INDEX accounts_expiring"),
    ("WHERE a.watched = 1 ORDER BY", "SCAN a USING INDEX sqlite_autoindex_accounts_1"),
    ("expiries, watched FROM accounts) a", "SCAN accounts USING INDEX sqlite_autoindex_accounts_1"),
    ("SELECT subscription, id, name, watched FROM", "SCAN accounts USING INDEX sqlite_autoindex_accounts_1"),
    ("INSERT INTO subscriptions", "SCAN a USING INDEX sqlite_autoindex_accounts_1"),
    // Every subscription is asked for: a few.
    (
        "membership_hash IS NOT '' ORDER BY name",
        "SCAN subscriptions USING INDEX sqlite_autoindex_subscriptions_1",
    ),
    ("SUM(accounts), 0) FROM subscriptions", "SCAN subscriptions"),
    ("FROM plans ORDER BY subscription", "SCAN plans USING INDEX sqlite_autoindex_plans_1"),
    ("DELETE FROM plans", "SCAN plans"),
    (
        "FROM job_readings ORDER BY subscription",
        "SCAN job_readings USING INDEX sqlite_autoindex_job_readings_1",
    ),
    ("FROM job_readings r CROSS JOIN jobs", "SCAN r USING COVERING INDEX sqlite_autoindex_job_readings_1"),
    // A few rows for each account with jobs; and for each receiver, and each result of a run.
    ("FROM job_totals t CROSS JOIN accounts", "SCAN t"),
    ("FROM message_totals", "SCAN message_totals"),
    ("FROM run_totals", "SCAN run_totals"),
    // A row for each account whose credits are read.
    ("FROM credits c CROSS JOIN accounts", "SCAN c"),
    ("DELETE FROM credits WHERE NOT", "SCAN credits"),
    ("EXISTS (SELECT 1 FROM credits)", "SCAN credits"),
    // Each watched account is asked for its newest job, while jobs are watched.
    ("j.counts = 1 AND j.at <=", "SCAN w USING INDEX accounts_expiring"),
    // A row or two each.
    ("FROM runs ORDER BY id DESC LIMIT 1", "SCAN runs"),
    // Only the newest ones.
    ("FROM messages ORDER BY seq DESC LIMIT ?", "SCAN messages"),
    // The runs since the last one that finished: a few.
    ("WHERE finished_at IS NOT NULL ORDER BY id DESC", "SCAN runs"),
    ("SELECT (SELECT COUNT(*) FROM messages", "SCAN CONSTANT ROW"),
    ("SELECT EXISTS (", "SCAN CONSTANT ROW"),
    // What the caller names: receivers, or the accounts of a batch.
    ("json_each(", "SCAN json_each VIRTUAL TABLE INDEX 1:"),
    ("json_each(", "SCAN e VIRTUAL TABLE INDEX 1:"),
    // The accounts that an index of few rows gave.
    ("INDEXED BY accounts_pending", "SCAN k"),
    // Every account is about to be checked.
    (
        "json_group_object(a.id, u.account || ' ' || u.checksum)",
        "SCAN a USING COVERING INDEX sqlite_autoindex_accounts_1",
    ),
    // Every alert is asked for, by a person.
    ("FROM alerts ORDER BY id", "SCAN alerts USING INDEX sqlite_autoindex_alerts_1"),
    // What somebody acknowledged: a few of the firing alerts.
    ("FROM acks", "SCAN acks"),
    // A row for each receiver with digests: a few.
    ("FROM digests ORDER BY receiver", "SCAN digests USING INDEX sqlite_autoindex_digests_1"),
    // The Alertmanagers that are configured: a few.
    ("DELETE FROM series_servers", "SCAN series_servers"),
    ("WHERE failures > 0 ORDER BY", "SCAN series_servers"),
    // As is every silence.
    ("FROM silences ORDER BY id", "SCAN silences"),
];

/// Indexes that hold only the few rows with which something is still to be done.
const PARTIAL: [&str; 4] = [
    "INDEX accounts_pending",
    "INDEX alerts_unclosed",
    "INDEX changes_unprocessed",
    "INDEX messages_pending",
];

/// The string literals of a source file, each with the code before it.
fn literals(source: &str) -> Vec<(String, String)> {
    let code: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let parts: Vec<&str> = code.split('"').collect();
    parts.chunks_exact(2).map(|pair| (pair[0].trim_end().to_owned(), pair[1].to_owned())).collect()
}

/// The statements of a source file, each put together as the file's macro does: a head, what it is from, its joins
/// and a tail.
fn statements(source: &str) -> Vec<String> {
    let [mut head, mut from, mut joins] = [const { String::new() }; 3];
    let mut statements = Vec::new();
    for (before, text) in literals(source) {
        match text.split_whitespace().next() {
            Some("SELECT") if text.ends_with(' ') => {
                [head, from, joins] = [text, String::new(), String::new()];
            }
            Some("LEFT") => joins = text,
            Some("SELECT" | "UPDATE" | "DELETE" | "INSERT") => statements.push(text),
            Some("WHERE" | "ORDER") => statements.push(format!("{head}{from}{joins}{text}")),
            Some(_) if before.ends_with("account_records!(") => from = text,
            _ => {}
        }
    }
    statements
}

async fn plan(home: &Home, statement: &str) -> Vec<String> {
    let sql = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let rows: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(sql).fetch_all(&home.store.write).await.expect(statement);
    rows.into_iter().map(|(.., detail)| detail).collect()
}

#[tokio::test]
async fn no_statement_scans_a_table_that_grows() {
    let home = Home::new().await;
    let statements: Vec<String> = SOURCES.iter().copied().flat_map(statements).collect();
    assert!(statements.len() >= 114, "only {} statements were found in the source", statements.len());
    let mut met = [false; WANTED.len()];
    for statement in &statements {
        for step in plan(&home, statement).await {
            let walks = step.starts_with("SCAN") && !PARTIAL.iter().any(|index| step.ends_with(index));
            let wanted = WANTED.iter().position(|(part, walk)| statement.contains(part) && step == *walk);
            assert!(!walks || wanted.is_some(), "{step}\n  in {statement}");
            if let Some(wanted) = wanted {
                met[wanted] = true;
            }
        }
    }
    assert_eq!(met, [true; WANTED.len()], "each exception is in use");
}
