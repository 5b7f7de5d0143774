-- Times are milliseconds since 1970 in BIGINT: Diesel reads a STRICT table's INTEGER as 32 bits.

-- NOCASE folds the 26 ASCII letters and nothing else, which is how addresses compare everywhere.
CREATE TABLE accounts (
    id            INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    email         TEXT    NOT NULL UNIQUE COLLATE NOCASE CHECK (length(email) BETWEEN 3 AND 254),
    name          TEXT    NOT NULL DEFAULT '' CHECK (length(name) <= 200),
    role          TEXT    NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'admin')),
    confirmed_at  BIGINT,
    suspended_at  BIGINT,
    moved_at      BIGINT,
    created_at    BIGINT  NOT NULL
);

CREATE TABLE sessions (
    id            INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    token_hash    BLOB    NOT NULL UNIQUE CHECK (typeof(token_hash) = 'blob' AND length(token_hash) = 32),
    account_id    BIGINT  NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    method        TEXT    NOT NULL CHECK (method IN ('email_code', 'workos')),
    browser       TEXT    NOT NULL CHECK (length(browser) <= 100),
    ip            TEXT    NOT NULL CHECK (length(ip) <= 45),
    created_at    BIGINT  NOT NULL,
    last_seen_at  BIGINT  NOT NULL
);
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_created_at ON sessions (created_at);
CREATE INDEX sessions_by_last_seen_at ON sessions (last_seen_at);

-- One row that every process moves on when a session may have ended or changed, so that what a
-- server remembers is never older than the database. Triggers, so that no writer can forget.
CREATE TABLE session_revision (
    id     INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    ended  BIGINT  NOT NULL,
    begun  BIGINT  NOT NULL
);
INSERT INTO session_revision (id, ended, begun) VALUES (1, 0, 0);

CREATE TRIGGER session_begun AFTER INSERT ON sessions
BEGIN
    UPDATE session_revision SET begun = begun + 1;
END;

CREATE TRIGGER session_ended AFTER DELETE ON sessions
BEGIN
    UPDATE session_revision SET ended = ended + 1;
END;

CREATE TRIGGER session_changed AFTER UPDATE OF token_hash, account_id, created_at ON sessions
BEGIN
    UPDATE session_revision SET ended = ended + 1;
END;

CREATE TRIGGER account_changed AFTER UPDATE ON accounts
BEGIN
    UPDATE session_revision SET ended = ended + 1;
END;
