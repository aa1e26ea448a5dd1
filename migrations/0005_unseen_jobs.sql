-- What answers did not show of jobs: JSON.
ALTER TABLE job_readings ADD COLUMN unseen TEXT;
