-- When the newest of the jobs that were deleted was answered: answers may still show them, and they must not be counted again.
ALTER TABLE job_readings ADD COLUMN purged_until INTEGER;

CREATE TRIGGER job_deleted AFTER DELETE ON jobs BEGIN
    UPDATE job_readings SET purged_until = max(coalesce(purged_until, OLD.at), OLD.at) WHERE subscription = OLD.subscription;
END;
