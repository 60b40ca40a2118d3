-- Keep what was different where tests began to fail.

INSERT INTO debug_failure_onsets AS known (task_id, run_id, passed_run_id, evidence)
SELECT task_id, run_id, passed_run_id, evidence
FROM unnest(%(tasks)s::uuid[], %(runs)s::uuid[], %(passed)s::uuid[], %(evidence)s::jsonb[])
    AS found (task_id, run_id, passed_run_id, evidence)
ON CONFLICT (task_id, run_id) DO UPDATE SET passed_run_id = excluded.passed_run_id, evidence = excluded.evidence;
