DROP TABLE sessions;
DROP TABLE accounts;
DROP TABLE session_revision;
