-- Name the test that a failure or a pass is of.

SELECT task_id FROM debug_error_events WHERE id = %(id)s AND task_id IS NOT NULL
UNION ALL
SELECT task_id FROM debug_success_events WHERE id = %(id)s AND task_id IS NOT NULL;
