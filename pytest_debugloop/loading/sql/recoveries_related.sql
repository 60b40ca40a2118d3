-- Add the failures of other runs for which it matters what is known of commits only now.

INSERT INTO looked_at
SELECT * FROM (
    -- Of another line, as it seemed, until it was known that the commit of a later run comes after theirs.
    SELECT e.id, e.task_id, e.run_id, e.agent_name, e.occurred_at, e.metadata ->> 'subtest' AS subtest,
        (e.metadata ->> 'attempt')::integer AS attempt
    FROM runs_before AS b
    JOIN debug_runs AS failing ON failing.id = b.id
    JOIN debug_error_events AS e ON e.correlation_id = failing.correlation_id AND e.run_id = failing.id
    WHERE e.task_id IS NOT NULL AND EXISTS (
        SELECT FROM runs_after AS a
        JOIN debug_runs AS passing ON passing.id = a.id
        WHERE passing.leg = failing.leg AND passing.id <> failing.id
            AND coalesce(passing.finished_at, 'infinity') > e.occurred_at
            AND passing.started_at <= coalesce(e.resolved_at, 'infinity')
            AND NOT debug_is_same_line(failing, passing)
    )
    UNION
    -- Recovered, as it seemed, until it was known that the commit of the pass comes before theirs.
    SELECT e.id, e.task_id, e.run_id, e.agent_name, e.occurred_at, e.metadata ->> 'subtest' AS subtest,
        (e.metadata ->> 'attempt')::integer AS attempt
    FROM runs_after AS a
    JOIN debug_runs AS failing ON failing.id = a.id
    JOIN debug_error_events AS e ON e.correlation_id = failing.correlation_id AND e.run_id = failing.id
    JOIN debug_error_success_correlation AS c ON c.error_event_id = e.id
    JOIN debug_success_events AS s ON s.id = c.success_event_id
    WHERE e.task_id IS NOT NULL AND s.run_id IN (SELECT id FROM runs_before)
) AS related
WHERE id NOT IN (SELECT id FROM looked_at);
