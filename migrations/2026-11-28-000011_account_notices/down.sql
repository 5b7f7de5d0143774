DROP TRIGGER account_changed;
ALTER TABLE accounts DROP COLUMN last_sign_in_at;
CREATE TRIGGER account_changed AFTER UPDATE ON accounts
BEGIN
    UPDATE session_revision SET ended = ended + 1;
END;

DROP TABLE account_notices;
