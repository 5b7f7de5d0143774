-- Mails about changes to an account that the server has yet to write. The command line makes changes too, and may not
-- know the console's address and sender.
CREATE TABLE account_notices (
    id          INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    account_id  BIGINT  NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind        TEXT    NOT NULL CHECK (length(kind) BETWEEN 1 AND 40),
    created_at  BIGINT  NOT NULL
);
CREATE INDEX account_notices_by_account ON account_notices (account_id);

-- The newest sign-in, which outlives its row of activity.
ALTER TABLE accounts ADD COLUMN last_sign_in_at BIGINT;
UPDATE accounts SET last_sign_in_at = (
    SELECT max(at) FROM (
        SELECT at FROM activity WHERE account_id = accounts.id AND kind = 'signed_in'
        UNION ALL
        SELECT created_at FROM sessions WHERE account_id = accounts.id));

-- A sign-in must not make every server read all sessions again: no server remembers last_sign_in_at.
DROP TRIGGER account_changed;
CREATE TRIGGER account_changed
AFTER UPDATE OF id, email, name, role, confirmed_at, suspended_at, moved_at, created_at, admitted_by ON accounts
BEGIN
    UPDATE session_revision SET ended = ended + 1;
END;
