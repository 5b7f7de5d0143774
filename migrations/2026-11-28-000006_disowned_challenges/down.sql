UPDATE challenges SET consumed_at = disowned_at, expires_at = disowned_at, disowned_at = NULL
WHERE disowned_at IS NOT NULL;
-- The row of activity that earlier versions read as a report is still there.
ALTER TABLE challenges DROP COLUMN reported_at;
ALTER TABLE challenges DROP COLUMN disowned_at;
