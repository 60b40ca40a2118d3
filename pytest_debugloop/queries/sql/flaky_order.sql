-- Order tests by their score, as debug_scored_tests has it, but of their latest attempts alone: those of years take too long.

SELECT t.id AS task_id
FROM debug_tasks AS t
CROSS JOIN LATERAL (
    SELECT
        debug_failure_rate_quantile(
            0.05, round(coalesce(sum(s.flake * s.occasions), 0)::numeric, 2)::double precision,
            coalesce(sum(s.occasions) FILTER (WHERE NOT s.failed), 0)::double precision
        ) AS score,
        coalesce(bool_or(s.is_proven) OR sum(s.flake) >= 1.5, FALSE) AS is_repeated
    FROM debug_stretches_of(t.id, %(latest)s) AS s
) AS scored
WHERE t.id = ANY(%(task_ids)s)
-- Where only flaky ones are wanted, all others come last.
ORDER BY %(only_flaky)s AND is_repeated AND score > 0.003 DESC, score DESC, t.node_id;
