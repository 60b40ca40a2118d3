-- Forget staged steps that the record holds as far already, and keep the numbers of those that it holds unfinished.

DELETE FROM staged_steps AS s
USING debug_workflow_steps AS known
WHERE known.id = s.id
    AND (s.rev = 0 OR known.completed_at IS NOT NULL AND coalesce((known.metadata ->> 'rev')::integer, 1) >= s.rev);

UPDATE staged_steps AS s SET step_number = known.step_number, is_known = TRUE
FROM debug_workflow_steps AS known
WHERE known.id = s.id;
