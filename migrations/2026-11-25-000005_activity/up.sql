-- What happened, to whom, and who did it. A code that was asked for is here too, with what became of
-- it, whether or not the address has an account: known and unknown addresses cost the same.
CREATE TABLE activity (
    id          INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    at          BIGINT  NOT NULL,
    kind        TEXT    NOT NULL CHECK (length(kind) BETWEEN 1 AND 40),
    account_id  BIGINT  REFERENCES accounts (id) ON DELETE SET NULL,
    email       TEXT    NOT NULL COLLATE NOCASE,
    actor       TEXT    NOT NULL DEFAULT '' CHECK (length(actor) <= 254),
    ip          TEXT    NOT NULL DEFAULT '' CHECK (length(ip) <= 45),
    browser     TEXT    NOT NULL DEFAULT '' CHECK (length(browser) <= 100),
    outcome     TEXT    NOT NULL DEFAULT '' CHECK (length(outcome) <= 40),
    detail      TEXT    NOT NULL DEFAULT '' CHECK (length(detail) <= 1000)
);
-- Each way to look at it is read off an index in its order, the newest first. An index ends in the
-- row's id by itself.
CREATE INDEX activity_by_account ON activity (account_id, at);
CREATE INDEX activity_by_email ON activity (email, at);
CREATE INDEX activity_by_email_and_kind ON activity (email, kind, at);
CREATE INDEX activity_by_kind ON activity (kind, at);
CREATE INDEX activity_by_at ON activity (at);

-- The operator's code for the day when neither mail nor WorkOS works: one for an address.
CREATE TABLE operator_codes (
    email       TEXT    PRIMARY KEY COLLATE NOCASE NOT NULL,
    code_hash   BLOB    NOT NULL CHECK (typeof(code_hash) = 'blob' AND length(code_hash) = 32),
    code_salt   BLOB    NOT NULL CHECK (typeof(code_salt) = 'blob' AND length(code_salt) = 16),
    expires_at  BIGINT  NOT NULL
);

-- When an operator last cleared the limits of an address: a running server forgets its own windows
-- from before that moment.
CREATE TABLE limit_clearances (
    email       TEXT    PRIMARY KEY COLLATE NOCASE NOT NULL,
    cleared_at  BIGINT  NOT NULL
);
