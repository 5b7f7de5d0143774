-- A session that the provider cannot be asked about again, because it gave no refresh token. It ends SESSION_IDLE after
-- its beginning.
ALTER TABLE sessions ADD COLUMN short_lived BOOLEAN NOT NULL DEFAULT 0 CHECK (short_lived IN (0, 1));
UPDATE sessions SET short_lived = 1
WHERE id IN (SELECT session_id FROM provider_sessions WHERE refresh_token IS NULL);
