ALTER TABLE sessions DROP COLUMN authentication_method;
