-- Give the totals of a workflow.

SELECT
    correlation_id, session_id, agents_involved, total_steps, error_count, success_count, snapshot_count,
    workflow_started, workflow_completed, duration_ms
FROM debug_workflow_context
WHERE correlation_id = %(correlation_id)s;
