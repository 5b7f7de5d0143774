DROP TABLE pending_revocations;
DROP TABLE provider_sessions;
DROP TABLE identities;
