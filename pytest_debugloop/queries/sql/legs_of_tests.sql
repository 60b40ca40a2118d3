-- Tell how tests do in each leg that they were run in lately.

SELECT
    task_id, leg, class AS class_, score::double precision, broken_probability::double precision, attempts, failures,
    failures_since_pass, last_at
FROM (
    SELECT l.*, max(l.last_at) OVER (PARTITION BY l.task_id) AS test_at
    FROM unnest(%(task_ids)s::uuid[]) AS wanted (id)
    -- OFFSET 0: one test after the other, by the indexes.
    CROSS JOIN LATERAL (SELECT * FROM debug_test_legs AS l WHERE l.task_id = wanted.id OFFSET 0) AS l
) AS l
WHERE last_at > test_at - interval '14 days'
ORDER BY task_id, leg;
