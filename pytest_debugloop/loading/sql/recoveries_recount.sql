-- Count the recoveries of other runs anew: a run that is loaded late gives some to them, and takes some from them.

UPDATE debug_runs AS run
SET recoveries_total = (
    SELECT count(*) FROM debug_error_success_correlation AS c
    WHERE c.correlation_id = run.correlation_id
        AND c.correlated_at BETWEEN run.started_at AND coalesce(run.finished_at, 'infinity')
)
WHERE run.id <> %(run_id)s AND run.recoveries_total IS NOT NULL
    AND run.id IN (SELECT success_run FROM linked UNION SELECT success_run FROM unlinked);
