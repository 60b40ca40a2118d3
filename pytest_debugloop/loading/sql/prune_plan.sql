-- Say what goes with the chosen runs, as far as it is counted already, and about how many bytes of the record that is.

SELECT
    count(*) AS runs,
    (SELECT count(*) FROM debug_runs) AS runs_in_all,
    (SELECT count(*) FROM debug_runs WHERE status = 'running') AS running,
    coalesce(sum(r.steps_total), 0)::bigint AS steps,
    coalesce(sum(r.errors_total), 0)::bigint AS failures,
    coalesce(sum(r.successes_total), 0)::bigint AS successes,
    min(r.started_at) AS first_at,
    max(r.started_at) AS last_at,
    array_agg(r.id) AS ids
FROM pruned_runs AS p
JOIN debug_runs AS r USING (id);
