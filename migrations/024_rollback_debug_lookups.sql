-- Undo 024_debug_lookups
--
-- Named in our schema, never along the search path: public may hold things of these names that are not ours.  Views
-- only where they are there: what somebody has dropped stays dropped.

DO $$
DECLARE
    ours CONSTANT TEXT := quote_ident(current_schema());
    item TEXT;
BEGIN
    IF to_regclass(ours || '.debug_scored_tests') IS NOT NULL THEN
        EXECUTE $view$
CREATE OR REPLACE VIEW debug_scored_tests AS
WITH failed_tests AS MATERIALIZED (
    SELECT DISTINCT task_id FROM debug_error_events WHERE task_id IS NOT NULL
),
totals AS MATERIALIZED (
    SELECT
        f.task_id, t.*,
        -- As exact as anybody reads it: of many tests with the same counts the quantiles are computed once.
        round(t.flakes::numeric, 2)::double precision AS counted_flakes
    FROM failed_tests AS f
    -- One test after the other, by the indexes; else all attempts of all tests would be sorted.
    CROSS JOIN LATERAL (
        SELECT
            sum(attempts)::bigint AS attempts,
            coalesce(sum(attempts) FILTER (WHERE failed), 0)::bigint AS failures,
            coalesce(sum(flake * occasions), 0) AS flakes,
            -- One stretch, however long, may have had a cause that nobody recorded.
            coalesce(bool_or(is_proven) OR sum(flake) >= 1.5, FALSE) AS is_repeated,
            coalesce(sum(occasions) FILTER (WHERE NOT failed), 0)::double precision AS passes,
            coalesce(sum(first_attempts) FILTER (WHERE failed), 0) / nullif(sum(first_attempts), 0)::double precision
                AS failure_rate,
            sum(first_weight * flipped)
                / nullif(sum(first_weight * flipped + (weight - first_weight) * coalesce(flake, 1)), 0) AS flip_rate,
            coalesce(sum(weight * flake) FILTER (WHERE is_proven OR same_before OR same_after), 0) AS flaked_weight,
            coalesce(sum(weight) FILTER (WHERE NOT failed), 0) AS passed_weight,
            flaky_since,
            coalesce(sum(occasions) FILTER (WHERE NOT failed AND last_at < flaky_since), 0)::double precision
                AS passes_before,
            -- Of each leg what it came to last: a test may be broken in one, and pass in the others.
            max(1 - flake) FILTER (
                WHERE attempts >= 2 AND NOT is_proven AND last_at = leg_at AND leg_at > newest - interval '14 days'
            ) AS broken,
            max(last_at) FILTER (WHERE failed) AS last_failed_at,
            max(last_at) AS last_at
        FROM (
            SELECT
                s.*,
                -- The share of the change of the verdict before it that is told on the same.
                CASE
                    WHEN s.failed_before IS NULL OR s.failed_before = s.failed THEN 0
                    WHEN s.failed THEN s.same_before::integer * s.flake
                    ELSE lag(s.same_after::integer * s.flake, 1, 0::double precision) OVER (
                        PARTITION BY s.line ORDER BY s.stretch
                    )
                END AS flipped,
                max(s.last_at) OVER (PARTITION BY s.leg) AS leg_at,
                max(s.last_at) OVER () AS newest,
                min(s.first_at) FILTER (WHERE s.flake > 0.5) OVER () AS flaky_since
            FROM debug_stretches_of(f.task_id, NULL) AS s
        ) AS joined
        GROUP BY flaky_since
    ) AS t
),
quantiles AS MATERIALIZED (
    SELECT
        counted_flakes, passes,
        debug_failure_rate_quantile(0.05, counted_flakes, passes) AS low,
        debug_failure_rate_quantile(0.5, counted_flakes, passes) AS middle,
        debug_failure_rate_quantile(0.95, counted_flakes, passes) AS high
    FROM (SELECT DISTINCT counted_flakes, passes FROM totals) AS counts
),
scored AS (
    SELECT
        t.*, q.low, q.middle, q.high,
        t.flaked_weight / nullif(t.flaked_weight + t.passed_weight, 0) AS share,
        r.recovery_strategy AS last_strategy, r.confidence_score AS last_confidence, r.correlated_at AS recovered_at,
        d.recovery_strategy AS dominant_strategy,
        -- Since it first failed on good code, that failure left out, for by it the moment was chosen.
        CASE WHEN t.passes_before >= 20 AND t.flaky_since > t.last_at - interval '14 days' THEN
            debug_failure_rate_quantile(0.05, greatest(t.flakes - 1, 0), t.passes - t.passes_before)
        END AS low_since
    FROM totals AS t
    JOIN quantiles AS q USING (counted_flakes, passes)
    LEFT JOIN LATERAL (
        SELECT c.recovery_strategy, c.confidence_score, c.correlated_at
        FROM debug_error_success_correlation AS c
        WHERE c.task_id = t.task_id
        ORDER BY c.correlated_at DESC, c.id
        LIMIT 1
    ) AS r ON TRUE
    LEFT JOIN LATERAL (
        SELECT c.recovery_strategy
        FROM debug_error_success_correlation AS c
        WHERE c.task_id = t.task_id
        GROUP BY c.recovery_strategy
        ORDER BY count(*) DESC, c.recovery_strategy
        LIMIT 1
    ) AS d ON TRUE
)
SELECT
    s.task_id,
    k.project,
    k.node_id,
    CASE
        WHEN s.broken > 0.9 THEN 'broken'
        WHEN s.last_strategy IN ('code_change', 'data_change') AND s.last_confidence > 0.5
            AND s.recovered_at > s.last_failed_at AND s.flakes <= 1.5 THEN 'fixed'
        WHEN s.is_repeated AND s.low_since > 0.003 THEN 'newly flaky'
        WHEN s.is_repeated AND s.low > 0.003 THEN 'flaky'
        ELSE 'stable'
    END AS class,
    CASE WHEN s.is_repeated AND s.low_since > 0.003 THEN (
        SELECT e.run_id FROM debug_error_events AS e
        WHERE e.task_id = s.task_id AND e.occurred_at >= s.flaky_since ORDER BY e.occurred_at LIMIT 1
    ) END AS flaky_since_run,
    s.low AS score,
    s.middle AS flakiness,
    s.low AS flakiness_low,
    s.high AS flakiness_high,
    s.failure_rate,
    s.flip_rate,
    CASE WHEN s.share > 0 AND s.share < 1 THEN
        -s.share * ln(s.share) / ln(2.0) - (1 - s.share) * ln(1 - s.share) / ln(2.0) ELSE 0 END AS entropy,
    s.broken::numeric AS broken_probability,
    s.attempts,
    s.failures,
    round(s.flakes)::bigint AS good_failures,
    s.dominant_strategy,
    s.last_failed_at,
    s.last_at
FROM scored AS s
JOIN debug_tasks AS k ON k.id = s.task_id
        $view$;
    END IF;
    IF to_regclass(ours || '.debug_flaky_tests') IS NOT NULL THEN
        EXECUTE $view$
CREATE OR REPLACE VIEW debug_flaky_tests AS
SELECT * FROM debug_scored_tests
UNION ALL
-- Tests that never failed, for which only passes are counted: each by its index.
SELECT
    k.id, k.project, k.node_id, 'stable', NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, never.attempts, 0, 0,
    NULL, NULL, never.last_at
FROM debug_tasks AS k
CROSS JOIN LATERAL (
    SELECT count(*) AS attempts, max(s.occurred_at) AS last_at FROM debug_success_events AS s WHERE s.task_id = k.id
) AS never
WHERE never.attempts > 0
    AND NOT EXISTS (SELECT FROM debug_error_events AS e WHERE e.task_id = k.id)
        $view$;
    END IF;
    IF to_regclass(ours || '.debug_llm_call_summary') IS NOT NULL THEN
        EXECUTE $view$
CREATE OR REPLACE VIEW debug_llm_call_summary AS
SELECT
    h.id AS hook_event_id,
    coalesce(h.metadata ->> 'session_id', h.payload ->> 'session_id') AS session_id,
    h.metadata ->> 'correlation_id' AS correlation_id,
    h.resource_id AS tool_name,
    CASE WHEN raw.quality ~ '^[+-]?[0-9]{1,9}([.][0-9]{1,18})?([eE][+-]?[0-9]{1,2})?$' THEN raw.quality::numeric END
        AS quality_score,
    coalesce(
        h.payload ->> 'success_classification',
        h.payload #>> '{enhanced_metadata,success_classification}',
        h.metadata ->> 'success_classification'
    ) AS success_classification,
    h.created_at AS call_timestamp,
    h.metadata ->> 'agent_name' AS agent_name,
    CASE WHEN raw.time_ms ~ '^[0-9]{1,15}([.][0-9]{1,18})?$' THEN raw.time_ms::numeric END AS execution_time_ms
FROM hook_events AS h
CROSS JOIN LATERAL (
    SELECT
        coalesce(
            h.payload #>> '{quality_metrics,quality_score}',
            h.payload #>> '{enhanced_metadata,quality_metrics,quality_score}',
            h.metadata #>> '{quality_metrics,quality_score}'
        ) AS quality,
        coalesce(
            h.payload #>> '{performance_metrics,execution_time_ms}',
            h.payload #>> '{enhanced_metadata,performance_metrics,execution_time_ms}',
            h.metadata #>> '{performance_metrics,execution_time_ms}'
        ) AS time_ms
) AS raw
WHERE h.source = 'PostToolUse'
    AND h.metadata ->> 'correlation_id' IS NOT NULL
        $view$;
        COMMENT ON COLUMN debug_llm_call_summary.session_id IS 'The session, as the hook names it';
    END IF;
    EXECUTE format(
        'DROP INDEX IF EXISTS %1$s.idx_debug_error_events_time, %1$s.idx_debug_error_events_operation,'
        ' %1$s.idx_debug_success_events_session, %1$s.idx_debug_success_events_operation,'
        ' %1$s.idx_debug_success_events_count', ours
    );
    -- What debugloop migrate --index-host made on the host's table.
    FOR item IN
        SELECT i.indexrelid::regclass FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = to_regclass('hook_events') AND c.relname = 'idx_debug_hook_events_correlation'
            AND pg_has_role(c.relowner, 'USAGE')
    LOOP
        EXECUTE format('DROP INDEX %s', item);
    END LOOP;
END
$$;
