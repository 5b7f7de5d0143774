ALTER TABLE sessions DROP COLUMN short_lived;
