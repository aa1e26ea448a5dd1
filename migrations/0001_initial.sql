-- Times are integer UTC milliseconds, always bound, never read from SQLite's clock.

-- "MMxW": tells a store from other programs' databases, which are never opened as one.
PRAGMA application_id = 1296922711;

-- What is known of each account. The row with the empty id is the look at the subscription's list of accounts.
CREATE TABLE accounts (
    key              INTEGER PRIMARY KEY,
    subscription     TEXT    NOT NULL,
    id               TEXT    NOT NULL,
    name             TEXT    NOT NULL,
    watched          INTEGER NOT NULL,           -- 0: in the configuration no more
    discovered       INTEGER NOT NULL,           -- 1: found in the list, not named in the configuration
    snapshot         INTEGER REFERENCES snapshots (id),
    outcome          TEXT,
    error            TEXT,
    checked_at       INTEGER,
    verdict_run      INTEGER,                    -- of the last ok, 401 or 402
    ok_run           INTEGER,
    last_ok_at       INTEGER,
    last_verdict_at  INTEGER,
    no_verdict_since INTEGER,
    suspect          TEXT,                       -- a bad verdict seen once
    suspect_since    INTEGER,
    ask_at           INTEGER,
    faults           TEXT    NOT NULL DEFAULT '', -- bad verdicts believed, separated by spaces
    ends_at          INTEGER, -- the earliest expiry that counts under any [expiry].source
    end_missing      INTEGER NOT NULL DEFAULT 0, -- 1: the last healthy answer held no expiry, and none is known from before
    expiries         TEXT    NOT NULL DEFAULT '{}', -- JSON: what is known of exp_Expire and exp; ends_at follows from it
    calm             INTEGER NOT NULL DEFAULT 0, -- 1: has a row in looks
    UNIQUE (subscription, id)
) STRICT;
CREATE INDEX accounts_ask ON accounts (ask_at) WHERE watched = 1 AND ask_at IS NOT NULL;
CREATE INDEX accounts_snapshot ON accounts (snapshot); -- else each purged snapshot is looked for in every account
-- The accounts that may need an alert: those that are not calm, and those that expire soon.
CREATE INDEX accounts_astir ON accounts (key) WHERE watched = 1 AND (calm = 0 OR end_missing = 1);
CREATE INDEX accounts_ends ON accounts (ends_at) WHERE watched = 1;

-- What an unchanged check writes: one narrow row for each calm account. Readers of an account read this row with it. Each
-- column keeps its width, so that the file does not grow while nothing changes.
CREATE TABLE looks (
    account INTEGER PRIMARY KEY REFERENCES accounts (key) ON DELETE CASCADE,
    digest  TEXT    NOT NULL,                    -- of what each of these checks saw
    at      INTEGER NOT NULL,                    -- the last one
    run     INTEGER NOT NULL,
    checks  INTEGER NOT NULL                     -- after the first one, plus 2^23: four bytes, whatever their number
) STRICT;

-- What the rules need to know of all accounts of a subscription together.
CREATE TABLE subscriptions (
    name     TEXT    PRIMARY KEY,
    accounts INTEGER NOT NULL,                   -- watched ones, without the list
    ok_run   INTEGER,                            -- the last run that saw any of them healthy, or the list
    roster   TEXT                                -- digest of the watched accounts and their rules; null: to be compared
) STRICT;

-- Run-length: a row per change; an unchanged look moves last_seen_at and the count.
CREATE TABLE snapshots (
    id            INTEGER PRIMARY KEY,
    account       INTEGER NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
    configuration TEXT    NOT NULL,              -- JSON, normalised and redacted
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    checks        INTEGER NOT NULL
) STRICT;
CREATE INDEX snapshots_of ON snapshots (account, first_seen_at);
CREATE INDEX snapshots_begun ON snapshots (first_seen_at);

CREATE TABLE changes (
    id           INTEGER PRIMARY KEY,
    account      INTEGER NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
    kind         TEXT    NOT NULL,
    severity     TEXT    NOT NULL,
    field        TEXT    NOT NULL,
    before_value TEXT    NOT NULL,               -- JSON
    after_value  TEXT    NOT NULL,               -- JSON
    at           INTEGER NOT NULL,
    announced    INTEGER NOT NULL DEFAULT 0      -- 1: every receiver of that moment was considered
) STRICT;
CREATE INDEX changes_of ON changes (account, at);
CREATE INDEX changes_new ON changes (id) WHERE announced = 0;
CREATE INDEX changes_over ON changes (at) WHERE announced = 1;

-- Run-length: a run with the same counts as the one before takes that one's place.
CREATE TABLE runs (
    id          INTEGER PRIMARY KEY,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER,
    checked     INTEGER NOT NULL DEFAULT 0,
    ok          INTEGER NOT NULL DEFAULT 0,
    no_verdict  INTEGER NOT NULL DEFAULT 0,
    since       INTEGER,                         -- when the first of them began; null: started_at
    runs        INTEGER NOT NULL DEFAULT 1       -- how many it stands for
) STRICT;

-- What purging goes by: one row, of columns that keep their width.
CREATE TABLE purging (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    date    INTEGER,                             -- what the latest answer of the API gave as its Date
    horizon INTEGER                              -- up to where rows were purged
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
    reached_at    INTEGER NOT NULL,              -- when it escalated last, else opened_at
    resolution    TEXT,                          -- why it resolved; it stays when the alert opens again
    settled       INTEGER NOT NULL DEFAULT 0     -- 1: over, and nobody still believes that it fires
) STRICT;
CREATE UNIQUE INDEX alerts_firing ON alerts (subscription, account, receiver, kind) WHERE resolved_at IS NULL;
CREATE INDEX alerts_unsettled ON alerts (id) WHERE settled = 0;
CREATE INDEX alerts_over ON alerts (resolved_at) WHERE settled = 1;
CREATE INDEX alerts_of ON alerts (subscription, account, kind, opened_at);

-- The outbox. Content and id are decided once; the bytes rendered from the content are sent unchanged on every attempt, until
-- the receiver changes its type or format: then they are rendered again. seq is the order of one receiver.
CREATE TABLE messages (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT    NOT NULL UNIQUE,
    receiver        TEXT    NOT NULL,
    channel         TEXT    NOT NULL,            -- the type of receiver that the body is for
    format          TEXT    NOT NULL,            -- what the body is written as
    summary         TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    refusals        INTEGER NOT NULL DEFAULT 0,  -- attempts that were refused, of those in the present format
    earlier_attempts INTEGER NOT NULL DEFAULT 0, -- attempts before the channel or format changed, of the above
    next_attempt_at INTEGER,
    last_error      TEXT,
    created_at      INTEGER NOT NULL,
    finished_at     INTEGER,
    tried_at        INTEGER,                     -- the last attempt that failed
    waited          INTEGER NOT NULL DEFAULT 0,  -- milliseconds between the failed attempts: a clock that was moved, or a machine that was off, must not cost a message its attempts
    accepted_by     TEXT,                        -- recipients of a mail that have it while others do not; JSON, null: none
    body            BLOB,                        -- null: to be rendered from the content. What follows a long value is slow to reach
    content         TEXT    NOT NULL             -- JSON: what the message says, and the thread that a mail of it hangs on
) STRICT;
CREATE INDEX messages_pending ON messages (receiver, seq) WHERE state = 'pending';
-- The newest that ended is the last one in the queue, whatever the clock said when it ended.
CREATE INDEX messages_ended ON messages (receiver, seq) WHERE state <> 'pending';
CREATE INDEX messages_failed ON messages (created_at) WHERE state = 'failed';
CREATE INDEX messages_over ON messages (finished_at) WHERE state <> 'pending';
CREATE INDEX messages_written ON messages (created_at);

-- What each receiver has been told; commits together with the message that tells it.
CREATE TABLE announcements (
    id         INTEGER PRIMARY KEY,
    alert      TEXT    REFERENCES alerts (id) ON DELETE CASCADE,
    change     INTEGER REFERENCES changes (id) ON DELETE CASCADE,
    receiver   TEXT    NOT NULL,
    reason     TEXT,
    status     TEXT,
    stage      TEXT,
    severity   TEXT    NOT NULL,
    expires_at INTEGER,
    told_at    INTEGER NOT NULL,
    message    TEXT    NOT NULL,
    CHECK ((alert IS NULL) <> (change IS NULL))
) STRICT;
CREATE INDEX announcements_of_alert ON announcements (alert, receiver, id) WHERE alert IS NOT NULL;
CREATE INDEX announcements_of_change ON announcements (change) WHERE change IS NOT NULL;
CREATE INDEX announcements_by ON announcements (message);

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
    ended_at      INTEGER                        -- by hand, before its time
) STRICT;
CREATE INDEX silences_until ON silences (until);
CREATE INDEX silences_ended ON silences (ended_at) WHERE ended_at IS NOT NULL;

-- Acknowledged alerts get no reminders. The row goes when the alert escalates or resolves.
CREATE TABLE acks (
    alert    TEXT    PRIMARY KEY REFERENCES alerts (id) ON DELETE CASCADE,
    reason   TEXT    NOT NULL,                   -- may be empty
    acked_at INTEGER NOT NULL
) STRICT;
