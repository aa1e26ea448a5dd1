//! No statement walks through a table that grows with time.
//!
//! The statements are read from the source, so that a new one is held to the rule without being listed here.

use super::Home;

const SOURCES: [&str; 12] = [
    include_str!("../accounts.rs"),
    include_str!("../acks.rs"),
    include_str!("../alerts.rs"),
    include_str!("../announcements.rs"),
    include_str!("../changes.rs"),
    include_str!("../deliveries.rs"),
    include_str!("../outbox.rs"),
    include_str!("../purge.rs"),
    include_str!("../runs.rs"),
    include_str!("../silences.rs"),
    include_str!("../snapshots.rs"),
    include_str!("../tellings.rs"),
];

/// Walks that are wanted, each with a part of its statement.
const WANTED: [(&str, &str); 11] = [
    // Every account is asked for: their number is the operator's, and does not grow with time.
    ("SELECT subscription, id, name, watched, discovered FROM accounts", "SCAN accounts"),
    ("WHERE a.watched = 1 ORDER BY", "SCAN a USING INDEX sqlite_autoindex_accounts_1"),
    ("SELECT subscription, id, name, watched FROM", "SCAN accounts USING INDEX sqlite_autoindex_accounts_1"),
    ("UPDATE runs SET finished_at", "SCAN accounts"),
    // One row each.
    ("UPDATE runs SET finished_at", "SCAN seen"),
    ("FROM runs ORDER BY id DESC LIMIT 1", "SCAN runs"),
    ("SELECT (SELECT COUNT(*) FROM messages", "SCAN CONSTANT ROW"),
    // The names of the receivers.
    ("json_each(", "SCAN json_each VIRTUAL TABLE INDEX 1:"),
    // Every alert is asked for, by a person.
    ("FROM alerts ORDER BY id", "SCAN alerts USING INDEX sqlite_autoindex_alerts_1"),
    // What somebody acknowledged: a few of the open alerts.
    ("FROM acks", "SCAN acks"),
    // As is every silence.
    ("FROM silences ORDER BY id", "SCAN silences"),
];

/// Indexes that hold only the few rows with which something is still to be done.
const PARTIAL: [&str; 3] = ["INDEX alerts_unsettled", "INDEX changes_new", "INDEX messages_pending"];

/// The string literals of a source file.
fn literals(source: &str) -> Vec<String> {
    let code: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    code.join("\n").split('"').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

/// The statements of a source file; a tail (`WHERE …`) goes with the head before it, as the file's macro joins them.
fn statements(source: &str) -> Vec<String> {
    let mut head = String::new();
    let mut statements = Vec::new();
    for text in literals(source) {
        match text.split_whitespace().next() {
            Some("SELECT") if text.ends_with(' ') => head = text,
            Some("SELECT" | "UPDATE" | "DELETE" | "INSERT") => statements.push(text),
            Some("WHERE" | "ORDER") => statements.push(format!("{head}{text}")),
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
async fn no_statement_walks_through_a_table_that_grows() {
    let home = Home::new().await;
    let statements: Vec<String> = SOURCES.into_iter().flat_map(statements).collect();
    assert!(statements.len() >= 38, "only {} statements were found in the source", statements.len());
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
