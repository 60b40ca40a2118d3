-- Forget staged steps that the record holds as far already, and keep the numbers of those that it holds unfinished.
--
-- Ids are in order of time, so those of a batch lie close together: one look at the index finds what is known of them.

-- Without knowing how many passed, the joins of what follows are planned for one row, and take time by the square.
ANALYZE staged_steps (journal_no, n, phase, outcome);

WITH known AS MATERIALIZED (
    SELECT id, step_number, completed_at, coalesce((metadata ->> 'rev')::integer, 1) AS rev
    FROM debug_workflow_steps
    WHERE id >= (SELECT id FROM staged_steps ORDER BY id LIMIT 1)
        AND id <= (SELECT id FROM staged_steps ORDER BY id DESC LIMIT 1)
),
forgotten AS (
    DELETE FROM staged_steps AS s
    USING known
    WHERE known.id = s.id AND (s.rev = 0 OR known.rev > s.rev OR known.completed_at IS NOT NULL AND known.rev >= s.rev)
)
UPDATE staged_steps AS s SET step_number = known.step_number, is_known = TRUE
FROM known
WHERE known.id = s.id
    AND NOT (s.rev = 0 OR known.rev > s.rev OR known.completed_at IS NOT NULL AND known.rev >= s.rev);
