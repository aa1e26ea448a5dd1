-- The newest number of credits that proved that they are gone, or are not, and when it was read.
ALTER TABLE credits ADD COLUMN proof_at INTEGER;
ALTER TABLE credits ADD COLUMN proof INTEGER;
