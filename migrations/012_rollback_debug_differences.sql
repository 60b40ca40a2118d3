-- Undo 012_debug_differences: drop its columns and tables, and put back the views as 008_debug_flakiness has them
--
-- Named in our schema, never along the search path: public may hold tables of these names that are not ours.  Views
-- only where they are there: what somebody has dropped stays dropped.

DO $$
BEGIN
    EXECUTE format(
        'DROP TABLE IF EXISTS %1$I.debug_hash_key, %1$I.debug_installations;'
        ' ALTER TABLE IF EXISTS %1$I.debug_runs'
        ' DROP COLUMN IF EXISTS other_version, DROP COLUMN IF EXISTS ignored_files, DROP COLUMN IF EXISTS ini_options,'
        ' DROP COLUMN IF EXISTS edited_files,'
        ' DROP COLUMN IF EXISTS variables, DROP COLUMN IF EXISTS installation',
        current_schema()
    );
    IF to_regclass(format('%I.debug_failure_recoveries', current_schema())) IS NOT NULL THEN
        EXECUTE $view$
CREATE OR REPLACE VIEW debug_failure_recoveries AS
SELECT
    fingerprint,
    error_type,
    error_code,
    errors_recovered,
    quantiles[1] AS median_duration_ms,
    quantiles[2] AS p90_duration_ms,
    avg_confidence,
    (retries + reruns + orders) / errors_recovered::double precision AS share_by_itself,
    CASE greatest(retries, reruns, orders, codes, dependencies, environments, unknown)
        WHEN codes THEN 'code_change'
        WHEN dependencies THEN 'dependency_change'
        WHEN environments THEN 'environment_change'
        WHEN orders THEN 'order_change'
        WHEN retries THEN 'retry'
        WHEN reruns THEN 'rerun'
        ELSE 'unknown'
    END AS dominant_strategy
FROM (
    SELECT
        fingerprint,
        error_type,
        error_code,
        count(*) AS errors_recovered,
        percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY recovery_duration_ms) AS quantiles,
        avg(confidence_score::double precision) AS avg_confidence,
        count(*) FILTER (WHERE recovery_strategy = 'retry') AS retries,
        count(*) FILTER (WHERE recovery_strategy = 'rerun') AS reruns,
        count(*) FILTER (WHERE recovery_strategy = 'order_change') AS orders,
        count(*) FILTER (WHERE recovery_strategy = 'code_change') AS codes,
        count(*) FILTER (WHERE recovery_strategy = 'dependency_change') AS dependencies,
        count(*) FILTER (WHERE recovery_strategy = 'environment_change') AS environments,
        count(*) FILTER (WHERE recovery_strategy = 'unknown') AS unknown
    FROM debug_first_recoveries
    GROUP BY fingerprint, error_type, error_code
) AS counted
        $view$;
    END IF;
    IF to_regclass(format('%I.debug_fix_causes', current_schema())) IS NOT NULL THEN
        EXECUTE $view$
CREATE OR REPLACE VIEW debug_fix_causes AS
SELECT 'function' AS kind, code.value ->> 'file' AS file, code.value ->> 'function' AS name,
    count(DISTINCT c.error_event_id) AS errors_recovered, max(c.correlated_at) AS last_at
FROM debug_error_success_correlation AS c
CROSS JOIN LATERAL jsonb_array_elements(c.evidence -> 'code') AS code
WHERE c.recovery_strategy = 'code_change' AND c.confidence_score > 0.5
GROUP BY 2, 3
UNION ALL
SELECT 'distribution', NULL, changed.key, count(DISTINCT c.error_event_id), max(c.correlated_at)
FROM debug_error_success_correlation AS c
CROSS JOIN LATERAL jsonb_each(c.evidence -> 'distributions') AS changed
WHERE c.recovery_strategy = 'dependency_change'
GROUP BY changed.key
        $view$;
        COMMENT ON VIEW debug_fix_causes IS
            'The functions (where it is likely) and distributions whose change errors recovered by, and how often';
    END IF;
END
$$;
