-- Add what notes have beside their step: rows of the host's tables, facts of the run.

CREATE TEMP TABLE staged_host_rows ON COMMIT DROP AS
SELECT
    n.journal_no, n.n, n.place, n.host_id, s.id AS step_id, 'agent_transformation_events' AS host,
    jsonb_build_object(
        'id', n.host_id,
        'event_type', CASE s.outcome
            WHEN 'passed' THEN 'transformation_complete' WHEN 'failed' THEN 'transformation_failed'
            ELSE 'transformation_start'
        END,
        'correlation_id', j.correlation_id,
        'session_id', j.session_id,
        'source_agent', nullif(n.event ->> 'source', ''),
        'target_agent', n.event ->> 'target',
        'transformation_reason', n.event ->> 'reason',
        'context_snapshot', nullif(n.event -> 'context', 'null'),
        'context_keys', CASE WHEN jsonb_typeof(n.event -> 'context') = 'object' THEN
            (SELECT jsonb_agg(key ORDER BY key) FROM jsonb_object_keys(n.event -> 'context') AS key)
        END,
        'context_size_bytes', debug_state_size(nullif(n.event -> 'context', 'null')),
        'user_request', n.event ->> 'request',
        'transformation_duration_ms', step.duration_ms,
        'success', CASE s.outcome WHEN 'passed' THEN TRUE WHEN 'failed' THEN FALSE END,
        'error_type', left(n.metadata ->> 'exception', 100),
        'error_message', n.metadata ->> 'message',
        'started_at', s.started_at,
        'completed_at', s.ended_at,
        'state_snapshot_id', step.pre_state_snapshot_id,
        'error_event_id', step.error_event_id
    ) AS content
FROM staged_notes AS n
JOIN staged_steps AS s USING (journal_no, n)
JOIN staged_journals AS j USING (journal_no)
JOIN debug_workflow_steps AS step ON step.id = s.id
WHERE n.event IS NOT NULL
UNION ALL
SELECT
    n.journal_no, n.n, n.place, n.host_id, s.id, 'hook_events',
    jsonb_build_object(
        'id', n.host_id,
        'source', 'PostToolUse',
        'action', 'tool_completion',
        'resource', 'tool',
        'resource_id', left(n.name, 255),
        'payload', n.call -> 'payload',
        'metadata', jsonb_build_object(
            'hook_type', 'PostToolUse',
            'correlation_id', j.correlation_id,
            'agent_name', j.agent_name,
            'agent_domain', n.call ->> 'domain',
            'logged_at', to_char(s.started_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')
        ) || coalesce(nullif(n.call #> '{payload,enhanced_metadata}', 'null'), '{}'),
        'created_at', s.started_at
    )
FROM staged_notes AS n
JOIN staged_steps AS s USING (journal_no, n)
JOIN staged_journals AS j USING (journal_no)
WHERE n.call IS NOT NULL;

-- The table may be somebody else's, and want more than we know: the step is stored, and the line is set aside.
INSERT INTO staged_unfit (place, reason)
SELECT added.place, added.host || ' took no row of it: ' || added.trouble
FROM (
    SELECT r.place, r.host, debug_insert_host_row(r.host::regclass, r.content) AS trouble
    FROM (SELECT * FROM staged_host_rows ORDER BY n OFFSET 0) AS r
    OFFSET 0
) AS added
WHERE added.trouble IS NOT NULL;

UPDATE debug_state_snapshots AS state SET transformation_event_id = r.host_id
FROM staged_host_rows AS r
JOIN debug_workflow_steps AS step ON step.id = r.step_id
WHERE r.host = 'agent_transformation_events'
    AND state.id IN (step.pre_state_snapshot_id, step.post_state_snapshot_id)
    AND state.transformation_event_id IS NULL
    AND EXISTS (SELECT FROM agent_transformation_events AS e WHERE e.id = r.host_id);

UPDATE debug_runs AS run SET metadata = coalesce(run.metadata, '{}') || told.output
FROM (
    SELECT j.run_id, jsonb_object_agg(one.key, one.value ORDER BY n.started, n.n) AS output
    FROM staged_notes AS n
    JOIN staged_journals AS j USING (journal_no)
    CROSS JOIN LATERAL jsonb_each(n.output) AS one (key, value)
    WHERE n.phase = 'record' AND n.parent IS NULL
    GROUP BY j.run_id
) AS told
WHERE run.id = told.run_id AND NOT coalesce(run.metadata, '{}') @> told.output;
