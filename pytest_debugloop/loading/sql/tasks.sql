-- Add the tests that this project has not been seen to have. Those it has are found by the index, in the conflict: a join
-- with them is planned badly while the table grows faster than its statistics.

INSERT INTO debug_tasks AS known (id, project, operation_name, node_id, file, name, parameters, first_seen_at)
SELECT DISTINCT ON (j.project, s.task)
    debug_task_id(j.project, s.task),
    j.project,
    CASE
        WHEN length(s.task) <= 255 THEN s.task
        ELSE left(s.task, 222) || ' ' || left(encode(sha256(convert_to(s.task, 'UTF8')), 'hex'), 32)
    END,
    s.task,
    split_part(split_part(s.task, '[', 1), '::', 1),
    substr(split_part(s.task, '[', 1), strpos(s.task, '::') + 2),
    substring(s.task FROM '\[.*\]$'),
    s.started_at
FROM staged_steps AS s
JOIN staged_journals AS j USING (journal_no)
WHERE s.phase = 'setup'
ORDER BY j.project, s.task, s.started_at
ON CONFLICT (id) DO UPDATE SET first_seen_at = excluded.first_seen_at
WHERE excluded.first_seen_at < known.first_seen_at;
