-- Where a browser goes next to sign out at the provider. The browser has the token, and uses it once.
CREATE TABLE provider_logouts (
    token_hash  BLOB    PRIMARY KEY NOT NULL CHECK (typeof(token_hash) = 'blob' AND length(token_hash) = 32),
    session_id  BIGINT  NOT NULL,
    url         BLOB    NOT NULL CHECK (typeof(url) = 'blob'),
    expires_at  BIGINT  NOT NULL
);
CREATE INDEX provider_logouts_by_expires_at ON provider_logouts (expires_at);
