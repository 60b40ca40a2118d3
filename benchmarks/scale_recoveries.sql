-- Fill a record with errors, one in ten of them recovered: 2,000 kinds of failure, five strategies.

SET LOCAL session_replication_role = replica;

INSERT INTO debug_error_events (
    id, correlation_id, error_type, error_category, error_severity, error_message, error_code, agent_name,
    operation_name, metadata, occurred_at, run_id, task_id
)
SELECT
    ('00000001-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
    ('00000000-0000-7000-8000-' || lpad(to_hex(n / 1000), 12, '0'))::uuid,
    (ARRAY['validation_error', 'execution_error', 'setup_error', 'timeout'])[n %% 4 + 1], 'agent', 'high', 'no',
    (ARRAY['AssertionError', 'RuntimeError', 'ConnectionError', 'TimeoutError', 'KeyError'])[n %% 5 + 1], 'pytest',
    format('tests/test_%%s.py::test_%%s', n %% 100, n %% 5000),
    jsonb_build_object('attempt', 1, 'phase', 'call', 'fingerprint', '1:' || left(md5((n %% 2000)::text), 16)),
    timestamptz '2025-01-01' + n * interval '1 second',
    ('00000000-0000-7000-8000-' || lpad(to_hex(n / 1000), 12, '0'))::uuid,
    ('00000009-0000-7000-8000-' || lpad(to_hex(n %% 5000), 12, '0'))::uuid
FROM generate_series(0, %(errors)s - 1) AS n;

INSERT INTO debug_error_success_correlation (
    id, error_event_id, success_event_id, correlation_id, recovery_duration_ms, recovery_strategy, confidence_score,
    correlated_at, task_id, error_type, error_code, fingerprint
)
SELECT
    ('00000004-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, e.id,
    ('00000002-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, e.correlation_id,
    ((hashtextextended(n::text, 1) & 1048575))::integer,
    (ARRAY['retry', 'rerun', 'order_change', 'code_change', 'dependency_change'])[(hashtextextended(n::text, 2) & 3) + 1],
    round(((hashtextextended(n::text, 3) & 1023) / 1024.0)::numeric, 4), e.occurred_at + interval '1 hour', e.task_id,
    e.error_type, e.error_code, e.metadata ->> 'fingerprint'
FROM generate_series(0, %(errors)s - 1, 10) AS n
JOIN debug_error_events AS e ON e.id = ('00000001-0000-7000-8000-' || lpad(to_hex(n + n / 10 %% 10), 12, '0'))::uuid;
