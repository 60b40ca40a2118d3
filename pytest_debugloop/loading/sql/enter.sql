-- Begin a transaction of the loader. The work is done in memory; compiling plans would take longer than running them.

SET LOCAL timezone TO 'UTC';
SET LOCAL work_mem TO '64MB';
SET LOCAL jit TO off;
-- All that is stored is of runs, which register their workflows: the triggers of the other tables need not look.
SET LOCAL debugloop.loading TO on;

-- Unless the user or the server has another limit: nobody is to be waited for without an end.
SELECT set_config(name, value, TRUE)
FROM (
    VALUES
    ('lock_timeout', '30s'),
    ('statement_timeout', '10min'),
    ('idle_in_transaction_session_timeout', '5min')  -- of a loader that is stopped, or cut off
) AS ours (name, value)
WHERE current_setting(name) = '0';
