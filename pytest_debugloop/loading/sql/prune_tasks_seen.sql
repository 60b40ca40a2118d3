-- Leave of the tests that may go those without an event; give how many.

DELETE FROM pruned_tasks AS p
WHERE EXISTS (SELECT FROM debug_success_events AS s WHERE s.task_id = p.id)
    OR EXISTS (SELECT FROM debug_error_events AS e WHERE e.task_id = p.id);

SELECT count(*) FROM pruned_tasks;
