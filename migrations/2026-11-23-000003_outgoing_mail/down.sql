DROP TABLE notices;
DROP TABLE outgoing_mails;
