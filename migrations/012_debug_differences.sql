-- Add what else may differ between two runs: files beside code, options, variables, installations
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

ALTER TABLE debug_runs
    ADD COLUMN IF NOT EXISTS other_version VARCHAR(64),
    ADD COLUMN IF NOT EXISTS ignored_files JSONB,
    ADD COLUMN IF NOT EXISTS edited_files JSONB,
    ADD COLUMN IF NOT EXISTS ini_options JSONB,
    ADD COLUMN IF NOT EXISTS variables JSONB,
    ADD COLUMN IF NOT EXISTS installation VARCHAR(64);

COMMENT ON COLUMN debug_runs.other_version IS
    'Documents, and files that git neither has nor ignores: debug_code_versions.id. They make no version of the code';
COMMENT ON COLUMN debug_runs.ignored_files IS
    'Files that git ignores: path to keyed hash, 32 bits; NULL where they are not known';
COMMENT ON COLUMN debug_runs.edited_files IS
    'Files of the project that were written after the run began: what it loaded may be what they were before';
COMMENT ON COLUMN debug_runs.ini_options IS 'What pytest''s ini file says, without secrets';
COMMENT ON COLUMN debug_runs.variables IS
    'Every environment variable that was set: name to keyed hash of its value, 32 bits, or null for a secret';
COMMENT ON COLUMN debug_runs.installation IS 'What was installed: debug_installations.id';

CREATE INDEX IF NOT EXISTS idx_debug_runs_other_version ON debug_runs (other_version)
    WHERE other_version IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_debug_runs_installation ON debug_runs (installation) WHERE installation IS NOT NULL;

CREATE TABLE IF NOT EXISTS debug_installations (
    id VARCHAR(64) PRIMARY KEY,
    distributions JSONB NOT NULL
);

COMMENT ON TABLE debug_installations IS 'The distributions that could be imported at one moment.';
COMMENT ON COLUMN debug_installations.id IS 'A hash of all of it';
COMMENT ON COLUMN debug_installations.distributions IS
    'By normalised name a list: version, hash of the files (empty where not known), the names that it is imported by,'
    ' the distributions that it needs';

CREATE TABLE IF NOT EXISTS debug_hash_key (
    only_one BOOLEAN PRIMARY KEY DEFAULT TRUE,
    key BYTEA NOT NULL,
    CONSTRAINT debug_hash_key_only_one_check CHECK (only_one)
);

COMMENT ON TABLE debug_hash_key IS
    'The key of the keyed hashes of this record. With it, a guess at a value can be checked: one in four billion is'
    ' right by chance.';
COMMENT ON COLUMN debug_hash_key.only_one IS 'There is one key';
COMMENT ON COLUMN debug_hash_key.key IS 'Random bytes, of HMAC-SHA-256';

INSERT INTO debug_hash_key (key) VALUES (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
ON CONFLICT (only_one) DO NOTHING;

-- ====================================================================================================================
-- Strategies that came since: data_change, option_change
-- ====================================================================================================================

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
    CASE greatest(retries, reruns, orders, codes, files, dependencies, environments, options, unknown)
        WHEN codes THEN 'code_change'
        WHEN files THEN 'data_change'
        WHEN dependencies THEN 'dependency_change'
        WHEN environments THEN 'environment_change'
        WHEN options THEN 'option_change'
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
        count(*) FILTER (WHERE recovery_strategy = 'data_change') AS files,
        count(*) FILTER (WHERE recovery_strategy = 'dependency_change') AS dependencies,
        count(*) FILTER (WHERE recovery_strategy = 'environment_change') AS environments,
        count(*) FILTER (WHERE recovery_strategy = 'option_change') AS options,
        count(*) FILTER (WHERE recovery_strategy = 'unknown') AS unknown
    FROM debug_first_recoveries
    GROUP BY fingerprint, error_type, error_code
) AS counted;

COMMENT ON VIEW debug_failure_recoveries IS
    'How failures of each kind recover, each error counted once: how long it takes, how sure it is, what did it';

CREATE OR REPLACE VIEW debug_fix_causes AS
SELECT 'function' AS kind, code.value ->> 'file' AS file, code.value ->> 'function' AS name,
    count(DISTINCT c.error_event_id) AS errors_recovered, max(c.correlated_at) AS last_at
FROM debug_error_success_correlation AS c
CROSS JOIN LATERAL jsonb_array_elements(c.evidence -> 'code') AS code
WHERE c.recovery_strategy = 'code_change' AND c.confidence_score > 0.5
GROUP BY 2, 3
UNION ALL
SELECT 'file', NULL, data.value ->> 'file', count(DISTINCT c.error_event_id), max(c.correlated_at)
FROM debug_error_success_correlation AS c
CROSS JOIN LATERAL jsonb_array_elements(c.evidence -> 'data') AS data
WHERE c.recovery_strategy = 'data_change' AND c.confidence_score > 0.5
GROUP BY 3
UNION ALL
SELECT 'distribution', NULL, changed.key, count(DISTINCT c.error_event_id), max(c.correlated_at)
FROM debug_error_success_correlation AS c
CROSS JOIN LATERAL jsonb_each(c.evidence -> 'distributions') AS changed
WHERE c.recovery_strategy = 'dependency_change'
GROUP BY changed.key;

COMMENT ON VIEW debug_fix_causes IS
    'The functions and files (where it is likely) and distributions whose change errors recovered by, and how often';
