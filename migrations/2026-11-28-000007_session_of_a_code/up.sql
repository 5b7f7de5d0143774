-- The session that the code began. “This wasn’t me” ends it. No foreign key: the session may have ended before.
ALTER TABLE challenges ADD COLUMN session_id BIGINT CHECK (session_id IS NULL OR consumed_at IS NOT NULL);
