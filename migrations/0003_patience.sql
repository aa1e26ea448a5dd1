-- Patience with a receiver is counted in waiting, not by the calendar: a clock that was moved, or a machine that was off,
-- must not cost a message its attempts.
ALTER TABLE messages ADD COLUMN tried_at INTEGER;                    -- the last attempt that failed
ALTER TABLE messages ADD COLUMN waited   INTEGER NOT NULL DEFAULT 0; -- milliseconds between the failed attempts

-- What ended last is what stands last in the queue, whatever the clock said when it ended.
DROP INDEX messages_ended;
CREATE INDEX messages_ended ON messages (receiver, seq) WHERE state <> 'pending';
