-- A success that recovers nothing that is recorded is a plain one, as the loader has it.

UPDATE debug_success_events AS s SET success_type = 'validation_pass'
FROM pruned_links AS p
WHERE s.id = p.success_event_id AND s.success_type = 'recovery_success'
    AND NOT EXISTS (SELECT FROM debug_error_success_correlation AS c WHERE c.success_event_id = s.id);

-- And a run has as many recoveries as are recorded.
UPDATE debug_runs AS run
SET recoveries_total = (
    SELECT count(*) FROM debug_error_success_correlation AS c
    WHERE c.correlation_id = run.correlation_id
        AND c.correlated_at BETWEEN run.started_at AND coalesce(run.finished_at, 'infinity')
)
WHERE run.recoveries_total IS NOT NULL
    AND run.correlation_id IN (SELECT correlation_id FROM pruned_links)
    AND run.correlation_id NOT IN (SELECT correlation_id FROM pruned);
