-- Rank the tests that fail on good code, or are broken or fixed, the surest first.

SELECT
    task_id, project, node_id, class AS class_, flaky_since_run, score, flakiness, flakiness_low, flakiness_high, failure_rate,
    flip_rate, entropy, broken_probability, attempts, failures, dominant_strategy, last_failed_at, last_at
FROM debug_scored_tests
WHERE failures > 0 AND (%(project)s::text IS NULL OR project = %(project)s)
    AND (NOT %(only_flaky)s OR class IN ('flaky', 'newly flaky'))
ORDER BY score DESC, node_id
LIMIT %(limit)s;
