ALTER TABLE accounts DROP COLUMN admitted_by;
