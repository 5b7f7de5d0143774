-- How the provider authenticated the person, in its own words. NULL: it did not say, or the session began with a code.
ALTER TABLE sessions ADD COLUMN authentication_method TEXT
    CHECK (length(authentication_method) BETWEEN 1 AND 100);
