-- What an operator does not want to hear of until a moment. Each list is JSON; an empty one asks for nothing.
-- AUTOINCREMENT: a number that somebody has on a note never comes to mean another silence.
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

-- Patience with a receiver is counted in waiting, not by the calendar: a clock that was moved, or a machine that was off,
-- must not cost a message its attempts.
ALTER TABLE messages ADD COLUMN tried_at INTEGER;                    -- the last attempt that failed
ALTER TABLE messages ADD COLUMN waited   INTEGER NOT NULL DEFAULT 0; -- milliseconds between the failed attempts

-- What ended last is what stands last in the queue, whatever the clock said when it ended.
DROP INDEX messages_ended;
CREATE INDEX messages_ended ON messages (receiver, seq) WHERE state <> 'pending';
