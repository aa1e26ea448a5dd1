-- The account of a job became known, or a later answer showed another account or code of it. Totals only grow: a metric that falls counts as a
-- restart.
DROP TRIGGER job_assigned;
CREATE TRIGGER job_corrected AFTER UPDATE OF account, code ON jobs WHEN (NEW.account, NEW.code) <> (OLD.account, OLD.code) BEGIN
    UPDATE job_hours SET jobs = jobs - 1, counted = counted - OLD.counts
        WHERE subscription = OLD.subscription AND account = OLD.account AND hour = OLD.at - OLD.at % 3600000 AND code = OLD.code;
    INSERT INTO job_hours VALUES (NEW.subscription, NEW.account, NEW.at - NEW.at % 3600000, NEW.code, 1, NEW.counts)
        ON CONFLICT DO UPDATE SET jobs = jobs + 1, counted = counted + excluded.counted;
    INSERT INTO job_totals VALUES (NEW.subscription, NEW.account, NEW.code, 1) ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;

-- The stored jobs have keys of another form, so answers that still show them would add them again.
UPDATE job_readings SET purged_until = max(
    coalesce(purged_until, 0),
    coalesce((SELECT max(at) FROM jobs WHERE jobs.subscription = job_readings.subscription AND at <= read_at), 0));
