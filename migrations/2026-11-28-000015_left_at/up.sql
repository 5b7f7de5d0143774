-- When the provider showed that no rule admits the account any more. It gets no email codes from then on. NULL again after
-- an admitted sign-in.
ALTER TABLE accounts ADD COLUMN left_at BIGINT;

DROP TRIGGER account_changed;
CREATE TRIGGER account_changed
AFTER UPDATE OF id, email, name, role, confirmed_at, suspended_at, moved_at, created_at, admitted_by, left_at ON accounts
BEGIN
    UPDATE session_revision SET ended = ended + 1;
END;
