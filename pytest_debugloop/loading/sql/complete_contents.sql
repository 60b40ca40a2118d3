-- Tell what there is to be concluded of a run before its tests are linked with those of others: to plan a statement that
-- finds nothing takes longer than to store a small run.

SELECT array_remove(ARRAY[
    CASE WHEN EXISTS (
        SELECT FROM (
            SELECT step_number, row_number() OVER (ORDER BY started_at, id) AS wanted
            FROM debug_workflow_steps
            WHERE correlation_id = %(correlation_id)s
        ) AS ranked
        WHERE step_number <> wanted
    ) THEN 'moved' END,
    CASE WHEN EXISTS (
        SELECT FROM debug_error_events WHERE correlation_id = %(correlation_id)s AND run_id = %(run_id)s
    ) THEN 'error' END,
    CASE WHEN EXISTS (
        SELECT FROM debug_error_events
        WHERE correlation_id = %(correlation_id)s AND error_type IN ('worker_crash', 'process_crash')
    ) THEN 'crash' END,
    CASE WHEN EXISTS (
        SELECT FROM debug_transform_functions WHERE last_run_id = %(run_id)s
    ) OR EXISTS (
        SELECT FROM debug_workflow_steps
        WHERE correlation_id = %(correlation_id)s AND step_type = 'fixture' AND metadata ? 'file'
    ) THEN 'fixture' END,
    CASE WHEN EXISTS (
        SELECT FROM debug_runs WHERE id = %(run_id)s AND status = 'interrupted'
    ) THEN 'interrupted' END
], NULL);
