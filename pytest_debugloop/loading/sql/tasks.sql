-- Add the tests that this project has not been seen to have. Those it has are found by the index, in the conflict: a join
-- with them is planned badly while the table grows faster than its statistics.

INSERT INTO debug_tasks (project, operation_name, node_id, file, name, parameters, first_seen_at)
SELECT DISTINCT ON (j.project, s.operation_name)
    j.project,
    s.operation_name,
    coalesce(s.long_node_id, s.operation_name),
    split_part(split_part(s.operation_name, '[', 1), '::', 1),
    substr(s.operation_name, strpos(s.operation_name, '::') + 2),
    substring(coalesce(s.long_node_id, s.operation_name) FROM '\[.*\]$'),
    s.started_at
FROM staged_steps AS s
JOIN staged_journals AS j USING (journal_no)
WHERE s.phase = 'setup' AND s.attempt = 1 AND s.outcome IS NOT NULL
ORDER BY j.project, s.operation_name, s.started_at
ON CONFLICT (project, operation_name) DO NOTHING;
