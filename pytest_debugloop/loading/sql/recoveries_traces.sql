-- Give what the two sides of recoveries ran, where that was traced.

SELECT asked.recovery, asked.is_failing, t.traced_by, t.files, t.children, t.cut, t.opened
FROM unnest(
    %(recoveries)s::uuid[], %(failing)s::boolean[], %(runs)s::uuid[], %(agents)s::text[], %(operations)s::text[],
    %(attempts)s::integer[]
) AS asked (recovery, is_failing, run_id, agent_name, operation_name, attempt)
JOIN debug_test_traces AS t USING (run_id, operation_name, agent_name, attempt)
ORDER BY asked.recovery, asked.is_failing, t.id;
