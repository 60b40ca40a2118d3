-- Delete the tests that no run has any more, not even as skipped.

DELETE FROM debug_tasks AS t
USING pruned_tasks AS p
WHERE t.id = p.id
    AND NOT EXISTS (
        SELECT FROM debug_workflow_steps AS s
        JOIN debug_runs AS r USING (correlation_id)
        WHERE s.operation_name = t.operation_name AND r.project = t.project
    );
