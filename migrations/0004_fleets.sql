-- What an account's look writes that teaches nothing new: one narrow row for each account that is calm. Who reads what is known
-- of an account reads it through its row. Each column keeps its width, so that the file does not grow while nothing changes.
CREATE TABLE looks (
    account INTEGER PRIMARY KEY REFERENCES accounts (key) ON DELETE CASCADE,
    digest  TEXT    NOT NULL,                    -- of what every one of them saw
    at      INTEGER NOT NULL,                    -- the last one
    run     INTEGER NOT NULL,
    checks  INTEGER NOT NULL                     -- after the first one, plus 2^23: four bytes, whatever their number
) STRICT;

ALTER TABLE accounts ADD COLUMN calm INTEGER NOT NULL DEFAULT 0; -- 1: has a row in looks
-- The accounts about which there may be something to say: those that are not calm, and those that end soon.
CREATE INDEX accounts_astir ON accounts (key) WHERE watched = 1 AND (calm = 0 OR end_missing = 1);
CREATE INDEX accounts_ends ON accounts (ends_at) WHERE watched = 1;

-- What the rules need to know of all the accounts of a subscription together.
CREATE TABLE subscriptions (
    name     TEXT    PRIMARY KEY,
    accounts INTEGER NOT NULL,                   -- watched ones, without the list
    ok_run   INTEGER,                            -- the last run that saw any of them healthy, or the list
    roster   TEXT                                -- digest of who is watched, and by which rules; null: to be compared
) STRICT;
INSERT INTO subscriptions (name, accounts, ok_run)
    SELECT subscription, COUNT(*) FILTER (WHERE watched = 1 AND id <> ''), MAX(ok_run) FILTER (WHERE watched = 1)
    FROM accounts GROUP BY subscription;

-- Run-length: a run that counts the same as the one before takes that one's place.
ALTER TABLE runs ADD COLUMN since INTEGER;                    -- when the first of them began; null: started_at
ALTER TABLE runs ADD COLUMN runs  INTEGER NOT NULL DEFAULT 1; -- how many it stands for
