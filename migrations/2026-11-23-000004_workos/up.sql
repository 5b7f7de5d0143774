-- Links accounts to identities at a provider: its name and the subject, never the address alone.
CREATE TABLE identities (
    id          INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    account_id  BIGINT  NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    provider    TEXT    NOT NULL CHECK (length(provider) BETWEEN 1 AND 500),
    subject     TEXT    NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    linked_at   BIGINT  NOT NULL,
    UNIQUE (provider, subject)
);
CREATE INDEX identities_by_account ON identities (account_id);

-- The provider's tokens of a session, encrypted for that session.
CREATE TABLE provider_sessions (
    session_id           INTEGER PRIMARY KEY NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    provider             TEXT    NOT NULL,
    subject              TEXT    NOT NULL,
    provider_session_id  TEXT,
    refresh_token        BLOB    CHECK (refresh_token IS NULL OR typeof(refresh_token) = 'blob'),
    id_token             BLOB    CHECK (id_token IS NULL OR typeof(id_token) = 'blob'),
    access_expires_at    BIGINT  NOT NULL,
    impersonator         TEXT
);

-- Ended sessions that the provider has yet to end.
CREATE TABLE pending_revocations (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    session_id           BIGINT  NOT NULL,
    provider             TEXT    NOT NULL,
    provider_session_id  TEXT,
    refresh_token        BLOB,
    attempts             BIGINT  NOT NULL DEFAULT 0,
    next_attempt_at      BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX pending_revocations_by_next_attempt_at ON pending_revocations (next_attempt_at);

-- Queues the revocation at the provider, however a session ends: by sign-out, by an admin, by age or from the command
-- line.
CREATE TRIGGER provider_session_ended AFTER DELETE ON provider_sessions
BEGIN
    INSERT INTO pending_revocations (session_id, provider, provider_session_id, refresh_token)
    VALUES (OLD.session_id, OLD.provider, OLD.provider_session_id, OLD.refresh_token);
END;

CREATE TRIGGER provider_session_refreshed AFTER UPDATE ON provider_sessions
BEGIN
    UPDATE session_revision SET ended = ended + 1;
END;
