-- Number the steps of a workflow in order of start, where workers that were read at different moments got in between
-- each other. Only what stands in the wrong place is touched.

CREATE TEMP TABLE moved_steps ON COMMIT DROP AS
SELECT id, step_number AS was, wanted
FROM (
    SELECT id, step_number, (row_number() OVER (ORDER BY started_at, id))::integer AS wanted
    FROM debug_workflow_steps
    WHERE correlation_id = %(correlation_id)s
) AS ranked
WHERE step_number <> wanted;

-- In two moves: numbers are unique at every moment.
UPDATE debug_workflow_steps AS s SET step_number = -m.wanted
FROM moved_steps AS m WHERE s.id = m.id;

UPDATE debug_workflow_steps AS s SET step_number = -s.step_number
FROM moved_steps AS m WHERE s.id = m.id;

UPDATE debug_workflow_steps AS s SET depends_on_steps = ARRAY(
    SELECT coalesce(m.wanted, d.step_number)
    FROM unnest(s.depends_on_steps) WITH ORDINALITY AS d (step_number, place)
    LEFT JOIN moved_steps AS m ON m.was = d.step_number
    ORDER BY d.place
)
WHERE s.correlation_id = %(correlation_id)s
    AND s.depends_on_steps && ARRAY(SELECT was FROM moved_steps);

UPDATE debug_error_events AS e SET execution_step = m.wanted
FROM moved_steps AS m
WHERE e.correlation_id = %(correlation_id)s AND e.execution_step = m.was;

UPDATE debug_success_events AS e SET execution_step = m.wanted
FROM moved_steps AS m
WHERE e.correlation_id = %(correlation_id)s AND e.execution_step = m.was;

UPDATE debug_state_captures AS e SET execution_step = m.wanted
FROM moved_steps AS m
WHERE e.correlation_id = %(correlation_id)s AND e.execution_step = m.was;
