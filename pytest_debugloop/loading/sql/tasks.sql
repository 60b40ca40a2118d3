-- Add the tests that this project has not been seen to have.

INSERT INTO debug_tasks (project, operation_name, node_id, file, name, parameters, first_seen_at)
SELECT DISTINCT ON (j.project, s.operation_name)
    j.project,
    s.operation_name,
    s.node_id,
    split_part(split_part(s.node_id, '[', 1), '::', 1),
    substr(s.node_id, strpos(s.node_id, '::') + 2),
    CASE WHEN right(s.node_id, 1) = ']' THEN substr(s.node_id, strpos(s.node_id, '[')) END,
    s.started_at
FROM staged_steps AS s
JOIN staged_journals AS j USING (journal_no)
WHERE s.phase = 'setup'
    AND NOT EXISTS (
        SELECT FROM debug_tasks AS known
        WHERE known.project = j.project AND known.operation_name = s.operation_name
    )
ORDER BY j.project, s.operation_name, s.started_at
ON CONFLICT (project, operation_name) DO NOTHING;
