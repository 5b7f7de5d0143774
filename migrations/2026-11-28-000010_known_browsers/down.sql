ALTER TABLE challenges DROP COLUMN known_browser_id;

ALTER TABLE wrong_tries ADD COLUMN device_id TEXT;
UPDATE wrong_tries SET device_id = known_browser_id;
DROP INDEX wrong_tries_by_email;
DROP INDEX wrong_tries_overall;
ALTER TABLE wrong_tries DROP COLUMN known_browser_id;
CREATE INDEX wrong_tries_by_email ON wrong_tries (email, device_id, tried_at);
CREATE INDEX wrong_tries_overall ON wrong_tries (tried_at)
    WHERE account_id IS NOT NULL AND device_id IS NULL;

DROP TABLE known_browsers;
