-- Tell the snapshots that stay which of the workflows that stay captured them first.

UPDATE debug_state_snapshots AS s
SET correlation_id = f.correlation_id, session_id = f.session_id, agent_name = f.agent_name,
    execution_step = f.execution_step, captured_at = f.at
FROM (
    SELECT DISTINCT ON (p.id) p.id, e.*
    FROM pruned_snapshots AS p
    CROSS JOIN LATERAL (
        SELECT correlation_id, session_id, agent_name, execution_step, occurred_at AS at
        FROM debug_error_events WHERE state_snapshot_id = p.id
        UNION ALL
        SELECT correlation_id, session_id, agent_name, execution_step, occurred_at
        FROM debug_success_events WHERE state_snapshot_id = p.id
        UNION ALL
        SELECT correlation_id, session_id, agent_name, step_number, started_at
        FROM debug_workflow_steps WHERE pre_state_snapshot_id = p.id
        UNION ALL
        SELECT correlation_id, session_id, agent_name, step_number, coalesce(completed_at, started_at)
        FROM debug_workflow_steps WHERE post_state_snapshot_id = p.id
    ) AS e
    ORDER BY p.id, e.at
) AS f
WHERE s.id = f.id AND s.correlation_id IN (SELECT correlation_id FROM pruned);
