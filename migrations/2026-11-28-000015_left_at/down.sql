DROP TRIGGER account_changed;
ALTER TABLE accounts DROP COLUMN left_at;
CREATE TRIGGER account_changed
AFTER UPDATE OF id, email, name, role, confirmed_at, suspended_at, moved_at, created_at, admitted_by ON accounts
BEGIN
    UPDATE session_revision SET ended = ended + 1;
END;
