-- What the owner of the mailbox said with “This wasn’t me”: before the code was used (disowned), or
-- after (reported).
ALTER TABLE challenges ADD COLUMN disowned_at BIGINT CHECK (disowned_at IS NULL OR consumed_at IS NULL);
ALTER TABLE challenges ADD COLUMN reported_at BIGINT CHECK (reported_at IS NULL OR consumed_at IS NOT NULL);

-- Earlier versions marked a disowned challenge as consumed at its expiry; a used code is consumed before.
UPDATE challenges SET disowned_at = consumed_at, consumed_at = NULL WHERE consumed_at >= expires_at;

-- Earlier versions kept a report as a row of activity only.
UPDATE challenges SET reported_at = (
    SELECT min(activity.at) FROM activity
    WHERE activity.email = challenges.email AND activity.kind = 'code_disowned'
        AND activity.at >= challenges.consumed_at AND activity.detail = 'after it was used')
WHERE consumed_at IS NOT NULL;
