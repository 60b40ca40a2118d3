-- Keep what coverage tells of attempts; where a trace of our own is there, it has both.

INSERT INTO debug_test_traces (
    id, correlation_id, run_id, agent_name, operation_name, attempt, traced_by, files, opened, children, cut, started_at
)
SELECT
    r.id, r.correlation_id, %(run_id)s, r.agent_name, r.operation_name, r.attempt, 'coverage', r.files, r.opened,
    r.children, r.cut, r.started_at
FROM jsonb_to_recordset(%(traces)s) AS r (
    id UUID, correlation_id UUID, agent_name TEXT, operation_name TEXT, attempt INTEGER, files JSONB, opened JSONB,
    children JSONB, cut JSONB, started_at TIMESTAMP WITH TIME ZONE
)
ON CONFLICT (id) DO UPDATE SET traced_by = excluded.traced_by, files = excluded.files, cut = excluded.cut;
