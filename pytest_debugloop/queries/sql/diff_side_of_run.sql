-- Give a run as one side of a comparison.

SELECT
    'run' AS kind, r.id, '' AS node_id, r.id AS run_id, r.correlation_id, coalesce(r.agent_name, '') AS agent_name,
    NULL::uuid AS snapshot_id, r.started_at AS at, coalesce(r.finished_at, now()) AS began_at, NULL AS operation_name
FROM debug_runs AS r
WHERE r.id = %(id)s;
