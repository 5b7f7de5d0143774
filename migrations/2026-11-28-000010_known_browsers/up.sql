-- A browser that has signed in to an account. A browser has one random token for all its accounts. The cookies of earlier
-- versions hold no such token, so each browser counts as new once.
CREATE TABLE known_browsers (
    id            INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    token_hash    BLOB    NOT NULL CHECK (typeof(token_hash) = 'blob' AND length(token_hash) = 32),
    account_id    BIGINT  NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    browser       TEXT    NOT NULL CHECK (length(browser) <= 100),
    created_at    BIGINT  NOT NULL,
    last_seen_at  BIGINT  NOT NULL,
    UNIQUE (token_hash, account_id)
);
CREATE INDEX known_browsers_by_account ON known_browsers (account_id);
CREATE INDEX known_browsers_by_last_seen_at ON known_browsers (last_seen_at);

-- The known browser that made the try; NULL for an unknown one. No foreign key: the tries of a forgotten browser still
-- count. 0 stands for the known browsers of earlier versions.
ALTER TABLE wrong_tries ADD COLUMN known_browser_id BIGINT;
UPDATE wrong_tries SET known_browser_id = 0 WHERE device_id IS NOT NULL;
DROP INDEX wrong_tries_by_email;
DROP INDEX wrong_tries_overall;
ALTER TABLE wrong_tries DROP COLUMN device_id;
CREATE INDEX wrong_tries_by_email ON wrong_tries (email, known_browser_id, tried_at);
CREATE INDEX wrong_tries_overall ON wrong_tries (tried_at)
    WHERE account_id IS NOT NULL AND known_browser_id IS NULL;

-- The known browser that asked for the code in force; NULL for an unknown one.
ALTER TABLE challenges ADD COLUMN known_browser_id BIGINT;
