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
