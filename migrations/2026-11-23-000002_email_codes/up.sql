-- One row for each request of a code, whether or not the address has an account.
CREATE TABLE challenges (
    id           INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    token_hash   BLOB    NOT NULL UNIQUE CHECK (typeof(token_hash) = 'blob' AND length(token_hash) = 32),
    email        TEXT    NOT NULL COLLATE NOCASE,
    account_id   BIGINT  REFERENCES accounts (id) ON DELETE CASCADE,
    code_hash    BLOB    NOT NULL CHECK (typeof(code_hash) = 'blob' AND length(code_hash) = 32),
    code_salt    BLOB    NOT NULL CHECK (typeof(code_salt) = 'blob' AND length(code_salt) = 16),
    return_to    TEXT    NOT NULL,
    tries        BIGINT  NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
    issued_at    BIGINT  NOT NULL,
    expires_at   BIGINT  NOT NULL,
    consumed_at  BIGINT
);
CREATE INDEX challenges_by_account ON challenges (account_id);
CREATE INDEX challenges_by_expires_at ON challenges (expires_at);

-- One row for each evaluated code that was not right; the row is written before the comparison
-- and taken back by a right code. The daily budgets are counts over it.
CREATE TABLE wrong_tries (
    id          INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    email       TEXT    NOT NULL COLLATE NOCASE,
    account_id  BIGINT  REFERENCES accounts (id) ON DELETE CASCADE,
    device_id   TEXT,
    tried_at    BIGINT  NOT NULL
);
CREATE INDEX wrong_tries_by_email ON wrong_tries (email, device_id, tried_at);
CREATE INDEX wrong_tries_by_account ON wrong_tries (account_id);
CREATE INDEX wrong_tries_by_tried_at ON wrong_tries (tried_at);
CREATE INDEX wrong_tries_overall ON wrong_tries (tried_at)
    WHERE account_id IS NOT NULL AND device_id IS NULL;
