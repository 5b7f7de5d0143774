-- Why the account may sign in with WorkOS. An account of a rule is refused when the rule no longer holds. Accounts from
-- before this migration count as invited.
ALTER TABLE accounts ADD COLUMN admitted_by TEXT NOT NULL DEFAULT 'invitation'
    CHECK (admitted_by IN ('invitation', 'organization', 'domain'));
