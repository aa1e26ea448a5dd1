-- An operator knows of an alert and needs no reminders of it. Gone when the alert gets graver or ends.
CREATE TABLE acks (
    alert    TEXT    PRIMARY KEY REFERENCES alerts (id) ON DELETE CASCADE,
    reason   TEXT    NOT NULL,                   -- may be empty
    acked_at INTEGER NOT NULL
) STRICT;

-- For whoever asks what was sent lately, and what one message told.
CREATE INDEX messages_written ON messages (created_at);
CREATE INDEX announcements_by ON announcements (message);
