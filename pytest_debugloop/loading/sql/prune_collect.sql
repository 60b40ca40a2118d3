-- Note what the runs that go refer to, and what they take from those that stay.

CREATE TEMP TABLE pruned ON COMMIT DROP AS SELECT DISTINCT correlation_id FROM pruned_runs;
ALTER TABLE pruned ADD PRIMARY KEY (correlation_id);

CREATE TEMP TABLE pruned_snapshots ON COMMIT DROP AS
SELECT id FROM debug_state_snapshots JOIN pruned USING (correlation_id)
UNION
SELECT state_snapshot_id FROM debug_error_events JOIN pruned USING (correlation_id) WHERE state_snapshot_id IS NOT NULL
UNION
SELECT state_snapshot_id FROM debug_success_events JOIN pruned USING (correlation_id)
WHERE state_snapshot_id IS NOT NULL
UNION
SELECT snapshot.id
FROM debug_workflow_steps AS s
JOIN pruned USING (correlation_id)
CROSS JOIN LATERAL (VALUES (s.pre_state_snapshot_id), (s.post_state_snapshot_id)) AS snapshot (id)
WHERE snapshot.id IS NOT NULL;

CREATE TEMP TABLE pruned_tasks ON COMMIT DROP AS
SELECT t.id
FROM (
    SELECT DISTINCT p.project, s.operation_name
    FROM debug_workflow_steps AS s
    JOIN pruned_runs AS p USING (correlation_id)
) AS s
JOIN debug_tasks AS t USING (project, operation_name)
UNION
SELECT task_id FROM debug_error_events JOIN pruned USING (correlation_id) WHERE task_id IS NOT NULL
UNION
SELECT task_id FROM debug_success_events JOIN pruned USING (correlation_id) WHERE task_id IS NOT NULL;

-- Successes that stay, and recovered something that goes.
CREATE TEMP TABLE pruned_links ON COMMIT DROP AS
SELECT c.id, c.success_event_id, c.correlation_id
FROM debug_error_success_correlation AS c
JOIN debug_error_events AS e ON e.id = c.error_event_id
WHERE e.correlation_id IN (SELECT correlation_id FROM pruned)
    OR c.correlation_id IN (SELECT correlation_id FROM pruned);

CREATE TEMP TABLE pruned_files (file TEXT, file_hash TEXT) ON COMMIT DROP;
CREATE TEMP TABLE pruned_units (id UUID) ON COMMIT DROP;

ANALYZE pruned_runs, pruned, pruned_snapshots, pruned_tasks, pruned_links;
