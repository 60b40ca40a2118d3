-- Add a run that only journals of its workers tell of.

INSERT INTO debug_runs (id, correlation_id, session_id, project, agent_name, started_at)
SELECT %(run_id)s, %(correlation_id)s, %(session_id)s, %(project)s, %(agent_name)s, known.started_at
FROM (
    SELECT least(
        (SELECT min(started_at) FROM debug_workflow_steps WHERE correlation_id = %(correlation_id)s),
        (SELECT min(occurred_at) FROM debug_error_events WHERE correlation_id = %(correlation_id)s)
    ) AS started_at
) AS known
WHERE known.started_at IS NOT NULL AND NOT EXISTS (SELECT FROM debug_runs WHERE id = %(run_id)s)
ON CONFLICT (id) DO NOTHING;
