-- Times are integer UTC milliseconds, always bound, never read from SQLite's clock.

-- "MMxW": tells a store from other programs' databases, which are never opened as one.
PRAGMA application_id = 1296922711;

-- The state of each account. The row with the empty id is the check of the subscription's list of accounts.
CREATE TABLE accounts (
    key               INTEGER PRIMARY KEY,
    subscription      TEXT    NOT NULL,
    id                TEXT    NOT NULL,
    name              TEXT    NOT NULL,
    watched           INTEGER NOT NULL,          -- 0: no longer in the configuration
    discovered        INTEGER NOT NULL,          -- 1: found in the list, not named in the configuration
    snapshot          INTEGER REFERENCES snapshots (id),
    outcome           TEXT,
    error             TEXT,
    checked_at        INTEGER,
    auth_run          INTEGER,                   -- the run of the last ok, 401 or 402
    last_ok_run       INTEGER,
    last_ok_at        INTEGER,
    last_conclusive_at   INTEGER,
    unreachable_since INTEGER,
    unconfirmed_fault TEXT,                      -- a bad outcome seen once
    unconfirmed_since INTEGER,
    recheck_at        INTEGER,
    faults            TEXT    NOT NULL DEFAULT '', -- confirmed faults, separated by spaces
    expires_at        INTEGER,                   -- the earliest expiry that counts under any [expiry].source
    expiry_missing    INTEGER NOT NULL DEFAULT 0, -- 1: the last healthy answer held no expiry, and none is known from before
    expiries          TEXT    NOT NULL DEFAULT '{}', -- JSON: the values of exp_Expire and exp over time; expires_at follows from it
    stable            INTEGER NOT NULL DEFAULT 0, -- 1: has a row in unchanged_checks
    UNIQUE (subscription, id)
) STRICT;
CREATE INDEX accounts_recheck ON accounts (recheck_at) WHERE watched = 1 AND recheck_at IS NOT NULL;
CREATE INDEX accounts_snapshot ON accounts (snapshot); -- or each purged snapshot would be searched in every account
-- The accounts that may need an alert: those that are not stable, and those that expire soon.
CREATE INDEX accounts_pending ON accounts (key) WHERE watched = 1 AND (stable = 0 OR expiry_missing = 1);
CREATE INDEX accounts_expiring ON accounts (expires_at) WHERE watched = 1;

-- What an unchanged check writes: one narrow row for each stable account. Queries of an account join its row here. Each column
-- keeps its width, so that the file does not grow while nothing changes.
CREATE TABLE unchanged_checks (
    account INTEGER PRIMARY KEY REFERENCES accounts (key) ON DELETE CASCADE,
    checksum TEXT   NOT NULL,                    -- of the answer that each of these checks got
    at      INTEGER NOT NULL,                    -- the last one
    run     INTEGER NOT NULL,
    checks  INTEGER NOT NULL                     -- their number after the first one, plus 2^23: always four bytes
) STRICT;

-- What the rules need to know about all accounts of a subscription together.
CREATE TABLE subscriptions (
    name            TEXT    PRIMARY KEY,
    accounts        INTEGER NOT NULL,            -- watched ones, without the list
    last_ok_run     INTEGER,                     -- the last run with an ok check of any of them, or of the list
    membership_hash TEXT                         -- of the watched accounts and their rules; empty: not watched; null: to be compared
) STRICT;

-- What is known of the plan of each subscription.
CREATE TABLE plans (
    subscription   TEXT    PRIMARY KEY,
    plan           TEXT,                         -- JSON: the plan as it was last read
    read_at        INTEGER,                      -- when that was
    inactive_since INTEGER,                      -- the first of the readings since then that showed an inactive plan
    lapsed         INTEGER NOT NULL,             -- 1: a second reading confirmed that
    failure        TEXT                          -- JSON: why the last reading failed
) STRICT;

-- What became of jobs, by the vendor's statistics. Answers overlap: a job has the same key in each.
CREATE TABLE jobs (
    id           INTEGER PRIMARY KEY,
    subscription TEXT    NOT NULL,
    key          INTEGER NOT NULL,               -- a hash of what identifies the job
    account      TEXT    NOT NULL,               -- the watched account that it was sent to; empty: unknown
    at           INTEGER NOT NULL,               -- when it was answered
    code         INTEGER NOT NULL,               -- the status code of its answer
    counts       INTEGER NOT NULL,               -- 1: a success, a failure, or refused for lack of credits
    UNIQUE (subscription, key)
) STRICT;
CREATE INDEX jobs_of ON jobs (subscription, account, at) WHERE counts = 1;
CREATE INDEX jobs_newest ON jobs (subscription, at);

-- How many jobs there were, by the hour in which they were answered.
CREATE TABLE job_hours (
    subscription TEXT    NOT NULL,
    account      TEXT    NOT NULL,               -- as in jobs
    hour         INTEGER NOT NULL,               -- its beginning
    code         INTEGER NOT NULL,
    jobs         INTEGER NOT NULL,
    counted      INTEGER NOT NULL,               -- how many of them count
    PRIMARY KEY (subscription, account, hour, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_hours_by_time ON job_hours (hour);

-- How many jobs there ever were: totals, which no purge reduces.
CREATE TABLE job_totals (
    subscription TEXT    NOT NULL,
    account      TEXT    NOT NULL,               -- as in jobs
    code         INTEGER NOT NULL,
    jobs         INTEGER NOT NULL,
    PRIMARY KEY (subscription, account, code)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER job_added AFTER INSERT ON jobs BEGIN
    INSERT INTO job_hours VALUES (NEW.subscription, NEW.account, NEW.at - NEW.at % 3600000, NEW.code, 1, NEW.counts)
        ON CONFLICT DO UPDATE SET jobs = jobs + 1, counted = counted + excluded.counted;
    INSERT INTO job_totals VALUES (NEW.subscription, NEW.account, NEW.code, 1) ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;
-- The account of a job became known.
CREATE TRIGGER job_assigned AFTER UPDATE OF account ON jobs WHEN NEW.account <> OLD.account BEGIN
    UPDATE job_hours SET jobs = jobs - 1, counted = counted - OLD.counts
        WHERE subscription = OLD.subscription AND account = OLD.account AND hour = OLD.at - OLD.at % 3600000 AND code = OLD.code;
    UPDATE job_totals SET jobs = jobs - 1 WHERE subscription = OLD.subscription AND account = OLD.account AND code = OLD.code;
    INSERT INTO job_hours VALUES (NEW.subscription, NEW.account, NEW.at - NEW.at % 3600000, NEW.code, 1, NEW.counts)
        ON CONFLICT DO UPDATE SET jobs = jobs + 1, counted = counted + excluded.counted;
    INSERT INTO job_totals VALUES (NEW.subscription, NEW.account, NEW.code, 1) ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;

-- The readings of those statistics.
CREATE TABLE job_readings (
    subscription TEXT    PRIMARY KEY,
    read_at      INTEGER,                        -- the last one that showed jobs, or none
    failure      TEXT                            -- JSON: why the last reading failed
) STRICT;

-- What is known of the credits of each account, and of its session at MiniMax; none while credits are not watched.
CREATE TABLE credits (
    subscription  TEXT    NOT NULL,
    account       TEXT    NOT NULL,
    asked_at      INTEGER,                       -- when it was last asked about, answered or not
    answered_at   INTEGER,                       -- the beginning of the step whose question was last answered
    paused_until  INTEGER,                       -- by the vendor's wish
    read_at       INTEGER,                       -- when MiniMax last answered for it
    newest_at     INTEGER,                       -- the newest number, when it was read,
    newest        INTEGER,
    decrease      INTEGER,                       -- how many credits went in the 7 days before it,
    span_ms       INTEGER,                       -- and the time in which they did
    plan          TEXT,
    plan_ends_at  INTEGER,
    ends_at       INTEGER,                       -- when the first of the credits end
    dead_since    INTEGER,                       -- the first of the readings since then that showed a dead session
    dead          INTEGER NOT NULL,              -- 1: a later reading confirmed that
    session_error TEXT,
    failure       TEXT,                          -- why the last reading failed
    not_understood INTEGER NOT NULL,             -- 1: it was an answer that is not understood
    PRIMARY KEY (subscription, account)
) STRICT, WITHOUT ROWID;

-- The credits over time. Run-length: one row for each change; an unchanged reading moves last_read_at and the count. AUTOINCREMENT: a row
-- with a lower number that is dated later was written by a clock that ran ahead.
CREATE TABLE credit_readings (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription  TEXT    NOT NULL,
    account       TEXT    NOT NULL,
    credits       INTEGER NOT NULL,
    plan          TEXT,
    ends_at       INTEGER,
    first_read_at INTEGER NOT NULL,
    last_read_at  INTEGER NOT NULL,
    readings      INTEGER NOT NULL
) STRICT;
CREATE INDEX credit_readings_of ON credit_readings (subscription, account, id);
CREATE INDEX credit_readings_last_read_at ON credit_readings (last_read_at);

-- Run-length: one row for each change; an unchanged check moves last_seen_at and the count.
CREATE TABLE snapshots (
    id            INTEGER PRIMARY KEY,
    account       INTEGER NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
    configuration TEXT    NOT NULL,              -- JSON, normalised and redacted
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    checks        INTEGER NOT NULL
) STRICT;
CREATE INDEX snapshots_of ON snapshots (account, first_seen_at);
CREATE INDEX snapshots_first_seen_at ON snapshots (first_seen_at);

-- AUTOINCREMENT: digests remember the number of the last change that they reported.
CREATE TABLE changes (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account      INTEGER NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
    kind         TEXT    NOT NULL,
    severity     TEXT    NOT NULL,
    field        TEXT    NOT NULL,
    before_value TEXT    NOT NULL,               -- JSON
    after_value  TEXT    NOT NULL,               -- JSON
    at           INTEGER NOT NULL,
    processed    INTEGER NOT NULL DEFAULT 0      -- 1: notifications were decided for every receiver
) STRICT;
CREATE INDEX changes_of ON changes (account, at);
CREATE INDEX changes_unprocessed ON changes (id) WHERE processed = 0;
CREATE INDEX changes_processed_at ON changes (at) WHERE processed = 1;

-- Run-length: a run with the same counts as the one before takes that one's place.
CREATE TABLE runs (
    id               INTEGER PRIMARY KEY,
    started_at       INTEGER NOT NULL,
    finished_at      INTEGER,
    checked          INTEGER NOT NULL DEFAULT 0,
    ok               INTEGER NOT NULL DEFAULT 0,
    inconclusive     INTEGER NOT NULL DEFAULT 0,
    first_started_at INTEGER,                    -- when the first run that the row stands for began; null: started_at
    repeat_count     INTEGER NOT NULL DEFAULT 1  -- how many runs the row stands for
) STRICT;

-- How many runs finished, by what their first checks saw: totals, which no purge reduces.
CREATE TABLE run_totals (
    result TEXT    PRIMARY KEY,                  -- complete: every check was conclusive; partial: some were; failed: none was, or nothing could be checked
    runs   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER run_finished AFTER UPDATE OF finished_at ON runs WHEN OLD.finished_at IS NULL AND NEW.finished_at IS NOT NULL BEGIN
    INSERT INTO run_totals VALUES (CASE
        WHEN NEW.inconclusive >= NEW.checked THEN 'failed' WHEN NEW.inconclusive > 0 THEN 'partial' ELSE 'complete' END, 1)
        ON CONFLICT DO UPDATE SET runs = runs + 1;
END;

-- What decides how far a purge goes: one row, of columns that keep their width.
CREATE TABLE purging (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    date    INTEGER,                             -- the Date of the API's latest answer
    horizon INTEGER,                             -- rows before this time are purged
    clock_skew INTEGER                           -- by how many seconds this machine's clock was ahead of that Date; negative: behind
) STRICT;

-- The subject of an alert is a receiver, else an account, else a subscription.
CREATE TABLE alerts (
    id            TEXT    PRIMARY KEY,
    subscription  TEXT    NOT NULL DEFAULT '',
    account       TEXT    NOT NULL DEFAULT '',
    receiver      TEXT    NOT NULL DEFAULT '',
    kind          TEXT    NOT NULL,
    stage         TEXT,
    severity      TEXT    NOT NULL,
    expires_at    INTEGER,
    detail        TEXT    NOT NULL,
    affected      INTEGER NOT NULL,
    opened_at     INTEGER NOT NULL,
    resolved_at   INTEGER,
    renewed_until INTEGER,
    reached_at    INTEGER NOT NULL,              -- when it last escalated, else opened_at
    resolution    TEXT,                          -- why it resolved; stays when the alert opens again
    closed        INTEGER NOT NULL DEFAULT 0     -- 1: resolved, and every receiver that was sent the alert was sent the resolution
) STRICT;
CREATE UNIQUE INDEX alerts_firing ON alerts (subscription, account, receiver, kind) WHERE resolved_at IS NULL;
CREATE INDEX alerts_unclosed ON alerts (id) WHERE closed = 0;
CREATE INDEX alerts_closed ON alerts (resolved_at) WHERE closed = 1;
CREATE INDEX alerts_of ON alerts (subscription, account, kind, opened_at);

-- The outbox. Content and id are decided once; the body rendered from the content is sent unchanged on every attempt, until the
-- receiver changes its type or format: then it is rendered again. seq is the order of each receiver's messages.
CREATE TABLE messages (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT    NOT NULL UNIQUE,
    receiver         TEXT    NOT NULL,
    channel          TEXT    NOT NULL,           -- the receiver type that the body is rendered for
    format           TEXT    NOT NULL,           -- the format of the body
    summary          TEXT    NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts         INTEGER NOT NULL DEFAULT 0,
    refusals         INTEGER NOT NULL DEFAULT 0, -- refused attempts, of those in the present format
    earlier_attempts INTEGER NOT NULL DEFAULT 0, -- attempts before the channel or format changed, of the above
    next_attempt_at  INTEGER,
    last_error       TEXT,
    created_at       INTEGER NOT NULL,
    finished_at      INTEGER,
    last_attempt_at  INTEGER,                    -- the last attempt that failed
    waited_ms        INTEGER NOT NULL DEFAULT 0, -- the time between the failed attempts, each pause counted up to a maximum: a clock that jumps, or a machine that is off, must not use up a message's retry window
    accepted_by      TEXT,                       -- JSON: recipients that accepted a mail while others did not; null: none
    resend_of        TEXT,                       -- the delivered message that this one repeats, by `resend`; null: none
    sent_as          TEXT,                       -- the id that the receiver sees, when it is that of an earlier message; null: its own
    body             BLOB,                       -- null: to be rendered from the content. The long columns come last: what follows one is slow to read
    content          TEXT    NOT NULL            -- JSON: the message, and the thread that a mail of it belongs to
) STRICT;
CREATE INDEX messages_pending ON messages (receiver, seq) WHERE state = 'pending';
-- The newest finished message is the last one of the queue, whatever the clock said when it finished.
CREATE INDEX messages_finished ON messages (receiver, seq) WHERE state <> 'pending';
CREATE INDEX messages_failed ON messages (finished_at) WHERE state = 'failed';
CREATE INDEX messages_finished_at ON messages (finished_at) WHERE state <> 'pending';
CREATE INDEX messages_created_at ON messages (created_at);

-- How many messages were delivered or failed permanently, by receiver: totals, which no purge reduces. A resent message counts again.
CREATE TABLE message_totals (
    receiver TEXT    NOT NULL,
    state    TEXT    NOT NULL,                   -- as in messages
    messages INTEGER NOT NULL,
    PRIMARY KEY (receiver, state)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER message_finished AFTER UPDATE OF state ON messages WHEN OLD.state = 'pending' AND NEW.state <> 'pending' BEGIN
    INSERT INTO message_totals VALUES (NEW.receiver, NEW.state, 1) ON CONFLICT DO UPDATE SET messages = messages + 1;
END;

-- What each receiver was sent about each alert and change; a row commits together with its message.
CREATE TABLE notifications (
    id          INTEGER PRIMARY KEY,
    alert       TEXT    REFERENCES alerts (id) ON DELETE CASCADE,
    change      INTEGER REFERENCES changes (id) ON DELETE CASCADE,
    receiver    TEXT    NOT NULL,
    reason      TEXT,
    status      TEXT,
    stage       TEXT,
    severity    TEXT    NOT NULL,
    expires_at  INTEGER,
    notified_at INTEGER NOT NULL,
    message     TEXT    NOT NULL,
    CHECK ((alert IS NULL) <> (change IS NULL))
) STRICT;
CREATE INDEX notifications_of_alert ON notifications (alert, receiver, id) WHERE alert IS NOT NULL;
CREATE INDEX notifications_of_change ON notifications (change) WHERE change IS NOT NULL;
CREATE INDEX notifications_in ON notifications (message);

-- From when each receiver's next digest counts; a row commits together with the message. Receivers without digests have none.
CREATE TABLE digests (
    receiver       TEXT    PRIMARY KEY,
    schedule       TEXT    NOT NULL,             -- the cron expression and its zone; another one counts from the moment it is first seen
    waits_since    INTEGER NOT NULL,             -- due at the first time of the schedule after this
    reported_until INTEGER NOT NULL,             -- the last digest, or when digests were first configured
    last_change    INTEGER NOT NULL              -- the newest change by then
) STRICT;

-- What each Alertmanager was pushed: a row for each series, until the server took its end or it ended by itself; and for each change,
-- until the server took it and the change is processed.
CREATE TABLE series (
    receiver    TEXT    NOT NULL,
    server      TEXT    NOT NULL,                -- its base address
    labels      TEXT    NOT NULL,                -- JSON, in the order of the names
    annotations TEXT    NOT NULL,                -- JSON
    starts_at   INTEGER NOT NULL,
    ends_at     INTEGER NOT NULL,                -- until when it fires without another push; of a change, when it is no longer tried
    ended_at    INTEGER,                         -- when its alert resolved
    accepted_at INTEGER,                         -- when the server last took it as it is
    change_id   INTEGER NOT NULL,                -- the change that it is; 0: an alert; negative: a change out of a message, by its time
    PRIMARY KEY (receiver, server, labels, change_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX series_of_change ON series (change_id) WHERE change_id > 0;
CREATE INDEX series_ends_at ON series (ends_at);

-- How pushes to each Alertmanager went.
CREATE TABLE series_servers (
    receiver        TEXT    NOT NULL,
    server          TEXT    NOT NULL,
    accepted_at     INTEGER,                     -- the last push that it took
    failing_since   INTEGER,                     -- the first failed push since
    failures        INTEGER NOT NULL,
    next_attempt_at INTEGER,
    last_error      TEXT,
    PRIMARY KEY (receiver, server)
) STRICT, WITHOUT ROWID;

-- Operators' rules that suppress notifications until a time. Each list is JSON; an empty one matches everything.
-- AUTOINCREMENT: the number of a silence never comes to mean another one.
CREATE TABLE silences (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    accounts      TEXT    NOT NULL,              -- globs
    kinds         TEXT    NOT NULL,
    subscriptions TEXT    NOT NULL,
    even_critical INTEGER NOT NULL,
    reason        TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    until         INTEGER NOT NULL,
    ended_at      INTEGER                        -- by the operator, before its time
) STRICT;
CREATE INDEX silences_until ON silences (until);
CREATE INDEX silences_ended ON silences (ended_at) WHERE ended_at IS NOT NULL;

-- Acknowledged alerts get no reminders. The row goes when the alert escalates or resolves.
CREATE TABLE acks (
    alert    TEXT    PRIMARY KEY REFERENCES alerts (id) ON DELETE CASCADE,
    reason   TEXT    NOT NULL,                   -- may be empty
    acked_at INTEGER NOT NULL
) STRICT;
