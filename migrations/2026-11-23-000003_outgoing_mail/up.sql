-- Mail that holds no secret and has to survive a restart. A code's mail never comes here.
CREATE TABLE outgoing_mails (
    id               INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    message_id       TEXT    NOT NULL UNIQUE,
    recipient        TEXT    NOT NULL,
    subject          TEXT    NOT NULL,
    body_text        TEXT    NOT NULL,
    body_html        TEXT    NOT NULL,
    attempts         BIGINT  NOT NULL DEFAULT 0,
    created_at       BIGINT  NOT NULL,
    next_attempt_at  BIGINT  NOT NULL,
    give_up_at       BIGINT  NOT NULL
);
CREATE INDEX outgoing_mails_by_next_attempt_at ON outgoing_mails (next_attempt_at);

-- When a notice that must not be repeated too often was last sent.
CREATE TABLE notices (
    kind     TEXT   PRIMARY KEY NOT NULL,
    sent_at  BIGINT NOT NULL
);
