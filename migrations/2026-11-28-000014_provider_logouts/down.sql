DROP TABLE provider_logouts;
