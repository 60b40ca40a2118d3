-- Note the records that have not the shape of their kind, with the first reason found, and leave the others.
--
-- What is stored once is read for years, in the conclusions of other runs too: so a member is looked at here that the
-- tables would take as it is.

INSERT INTO staged_unfit
WITH rules (kind, member, type, is_needed) AS (
    VALUES
    ('run', 'run_id', 'uuid', TRUE),
    ('run', 'started', 'time', TRUE),
    ('run', 'rootdir', 'text', FALSE),
    ('run', 'facts', 'object', FALSE),
    ('run', 'facts.command_line', 'array', FALSE),
    ('run', 'facts.python_version', 'text', FALSE),
    ('run', 'facts.platform', 'text', FALSE),
    ('run', 'facts.pytest_version', 'text', FALSE),
    ('run', 'facts.plugins', 'object', FALSE),
    ('run', 'facts.ci', 'object', FALSE),
    ('run', 'facts.leg', 'text', FALSE),
    ('run', 'facts.git', 'object', FALSE),
    ('run', 'facts.interpreter', 'object', FALSE),
    ('run', 'facts.random_seeds', 'object', FALSE),
    ('run', 'facts.boot_id', 'text', FALSE),
    ('run', 'facts.boot_seconds', 'double precision', FALSE),
    ('run', 'facts.environment', 'object', FALSE),
    ('step', 'n', 'number of a record', TRUE),
    ('step', 'rev', 'integer', TRUE),
    ('step', 'phase', 'name', TRUE),
    ('step', 'node_id', 'text', TRUE),
    ('step', 'attempt', 'positive integer', TRUE),
    ('step', 'started', 'time', TRUE),
    ('step', 'ended', 'time', FALSE),
    ('step', 'outcome', 'outcome', FALSE),
    ('step', 'reason', 'text', FALSE),
    ('step', 'subtest', 'text', FALSE),
    ('step', 'word', 'text', FALSE),
    ('step', 'once', 'text', FALSE),
    ('step', 'task', 'text', FALSE),
    ('step', 'error', 'number of a record', FALSE),
    ('step', 'state', 'number of a record', FALSE),
    ('step', 'parent', 'numbers', FALSE),
    ('step', 'after', 'numbers', FALSE),
    ('step', 'fixtures', 'list of fixtures', FALSE),
    ('step', 'uses', 'list of texts', FALSE),
    ('step', 'properties', 'object', FALSE),
    ('step', 'parameters', 'object', FALSE),
    ('snapshot', 'n', 'number of a record', TRUE),
    ('snapshot', 'at', 'time', TRUE),
    ('snapshot', 'type', 'kind of snapshot', TRUE),
    ('snapshot', 'description', 'text', FALSE),
    ('snapshot', 'state', 'object', TRUE),
    ('snapshot', 'memory_mb', 'numeric(10,2)', FALSE),
    ('snapshot', 'cpu_ms', 'integer', FALSE),
    ('snapshot', 'wall_ms', 'integer', FALSE),
    ('snapshot', 'step', 'numbers', FALSE),
    ('snapshot', 'depth', 'integer', FALSE),
    ('snapshot', 'request', 'text', FALSE),
    ('error', 'n', 'number of a record', TRUE),
    ('error', 'at', 'time', TRUE),
    ('error', 'step', 'numbers', FALSE),
    ('error', 'node_id', 'text', TRUE),
    ('error', 'type', 'name', TRUE),
    ('error', 'category', 'category', TRUE),
    ('error', 'severity', 'severity', TRUE),
    ('error', 'message', 'text', TRUE),
    ('error', 'code', 'text', FALSE),
    ('error', 'stack', 'text', FALSE),
    ('error', 'snapshot', 'number of a record', FALSE),
    ('error', 'once', 'text', FALSE),
    ('error', 'worker', 'name', FALSE),
    ('error', 'task', 'text', FALSE),
    ('error', 'metadata', 'object', TRUE),
    ('error', 'metadata.attempt', 'integer', FALSE),
    ('error', 'metadata.fingerprint', 'text', FALSE),
    ('error', 'metadata.exception', 'text', FALSE),
    ('error', 'metadata.phase', 'text', FALSE),
    ('error', 'metadata.subtest', 'text', FALSE),
    ('error', 'metadata.chain', 'array', FALSE),
    ('error', 'metadata.code', 'list of places', FALSE),
    ('trace', 'n', 'number of a record', TRUE),
    ('trace', 'step', 'numbers', TRUE),
    ('trace', 'node_id', 'text', TRUE),
    ('trace', 'attempt', 'positive integer', TRUE),
    ('trace', 'how', 'name', TRUE),
    ('trace', 'files', 'object of traced files', TRUE),
    ('trace', 'opened', 'list of texts', FALSE),
    ('trace', 'children', 'list of processes', FALSE),
    ('trace', 'cut', 'list of texts', FALSE),
    ('trace', 'task', 'text', FALSE),
    ('note', 'n', 'number of a record', TRUE),
    ('note', 'rev', 'integer', TRUE),
    ('note', 'phase', 'name', TRUE),
    ('note', 'name', 'text', TRUE),
    ('note', 'started', 'time', TRUE),
    ('note', 'ended', 'time', FALSE),
    ('note', 'outcome', 'outcome', FALSE),
    ('note', 'attempt', 'positive integer', TRUE),
    ('note', 'parent', 'numbers', FALSE),
    ('note', 'pre', 'number of a record', FALSE),
    ('note', 'state', 'number of a record', FALSE),
    ('note', 'error', 'numbers', FALSE),
    ('note', 'input', 'object', FALSE),
    ('note', 'output', 'object', FALSE),
    ('note', 'metadata', 'object', FALSE),
    ('note', 'event', 'object', FALSE),
    ('note', 'event.source', 'text', FALSE),
    ('note', 'event.target', 'text', FALSE),
    ('note', 'event.reason', 'text', FALSE),
    ('note', 'event.request', 'text', FALSE),
    ('note', 'call', 'object', FALSE),
    ('note', 'call.payload', 'object', FALSE),
    ('note', 'call.payload.enhanced_metadata', 'object', FALSE),
    ('artifact', 'n', 'number of a record', TRUE),
    ('artifact', 'at', 'time', TRUE),
    ('artifact', 'origin', 'origin', TRUE),
    ('artifact', 'name', 'text', TRUE),
    ('artifact', 'media_type', 'text', TRUE),
    ('artifact', 'content', 'base64', TRUE),
    ('artifact', 'step', 'numbers', FALSE),
    ('artifact', 'snapshot', 'number of a record', FALSE),
    ('finish', 'at', 'time', TRUE),
    ('finish', 'exit_status', 'integer', FALSE),
    ('finish', 'interrupted', 'boolean', FALSE),
    ('finish', 'problems', 'array', FALSE),
    ('survey', 'distributions', 'object of texts', FALSE),
    ('survey', 'environment', 'object', FALSE),
    ('survey', 'files', 'object of texts', FALSE),
    ('survey', 'code_version', 'text', FALSE),
    ('survey', 'tree', 'text', FALSE),
    ('survey', 'dirty', 'object', FALSE),
    ('survey', 'installation', 'hash', FALSE),
    ('survey', 'installed', 'object of distributions', FALSE),
    ('survey', 'ini_options', 'object', FALSE),
    ('survey', 'variables', 'object', FALSE),
    ('survey', 'other_version', 'hash', FALSE),
    ('survey', 'other_files', 'object of texts', FALSE),
    ('survey', 'edited', 'list of texts', FALSE),
    ('survey', 'ignored_files', 'object of texts', FALSE),
    ('commits', 'commits', 'list of lists of texts', TRUE),
    ('commits', 'merged', 'list of lists of texts', FALSE),
    ('commits', 'head', 'text', FALSE),
    ('commits', 'branch', 'text', FALSE),
    ('code_file', 'file', 'text', TRUE),
    ('code_file', 'hash', 'text', TRUE),
    ('code_file', 'variables', 'list of texts', FALSE),
    ('code_file', 'units', 'list of functions', TRUE),
    ('loaded', 'files', 'array', FALSE)
),
records AS (
    SELECT l.place, r.kind, r.line
    FROM staged_records AS l
    -- Once, and without the states: to take each member out of them takes most of the time.
    CROSS JOIN LATERAL (
        SELECT
            l.kind,
            CASE
                WHEN jsonb_typeof(l.line) <> 'object' THEN NULL
                WHEN l.state IS NOT NULL THEN l.line || '{"state": {}}'
                WHEN jsonb_typeof(l.line -> 'state') = 'object' THEN (l.line - 'state') || '{"state": {}}'
                ELSE l.line
            END AS line
        OFFSET 0
    ) AS r
)
SELECT place, reason
FROM (
    SELECT
        l.place,
        CASE
            WHEN l.line IS NULL OR l.kind IS NULL OR NOT EXISTS (SELECT FROM rules WHERE rules.kind = l.kind)
                THEN 'this version of pytest-debugloop knows no record of its kind'
            WHEN l.kind IN ('step', 'note') AND l.line ? 'outcome' AND NOT l.line ? 'ended' THEN 'it ended at no time'
            ELSE (
                SELECT 'its member ' || m.member || ' is no ' || m.type
                FROM (
                    SELECT member, type, is_needed, nullif(l.line #> string_to_array(member, '.'), 'null') AS value
                    FROM rules WHERE rules.kind = l.kind
                    OFFSET 0
                ) AS m
                WHERE NOT CASE
                    WHEN m.value IS NULL THEN NOT m.is_needed
                    ELSE CASE m.type
                        WHEN 'text' THEN jsonb_typeof(m.value) = 'string'
                        WHEN 'name' THEN jsonb_typeof(m.value) = 'string' AND length(m.value #>> '{}') <= 100
                        WHEN 'object' THEN jsonb_typeof(m.value) = 'object'
                        WHEN 'array' THEN jsonb_typeof(m.value) = 'array'
                        WHEN 'boolean' THEN jsonb_typeof(m.value) = 'boolean'
                        WHEN 'object of texts' THEN jsonb_typeof(m.value) = 'object'
                            AND NOT jsonb_path_exists(m.value, 'strict $.* ? (@.type() != "string")')
                        WHEN 'hash' THEN jsonb_typeof(m.value) = 'string' AND length(m.value #>> '{}') = 64
                        WHEN 'object of distributions' THEN jsonb_typeof(m.value) = 'object'
                            AND NOT jsonb_path_exists(
                                m.value,
                                'strict $.* ? (@.type() != "array" || @.size() != 4 || @[0].type() != "string"
                                    || @[1].type() != "string" || @[2].type() != "array" || @[3].type() != "array")'
                            )
                            AND NOT jsonb_path_exists(m.value, 'strict $.*[2 to 3][*] ? (@.type() != "string")')
                        WHEN 'list of lists of texts' THEN jsonb_typeof(m.value) = 'array'
                            AND NOT jsonb_path_exists(m.value, 'strict $[*] ? (@.type() != "array")')
                            AND NOT jsonb_path_exists(m.value, 'strict $[*][*] ? (@.type() != "string")')
                        WHEN 'list of texts' THEN jsonb_typeof(m.value) = 'array'
                            AND NOT jsonb_path_exists(m.value, 'strict $[*] ? (@.type() != "string")')
                        WHEN 'list of places' THEN jsonb_typeof(m.value) = 'array' AND NOT jsonb_path_exists(
                            m.value,
                            'strict $[*] ? (@.type() != "array" || @.size() < 3 || @[0].type() != "string"
                                || @[1].type() != "number" || @[2].type() != "string")'
                        )
                        WHEN 'list of functions' THEN jsonb_typeof(m.value) = 'array'
                            AND NOT jsonb_path_exists(m.value, 'strict $[*] ? (@.type() != "object")')
                            AND NOT jsonb_path_exists(
                                m.value,
                                '$[*] ? (!exists(@.function ? (@.type() == "string"))
                                    || !exists(@.hash ? (@.type() == "string"))
                                    || !exists(@.source ? (@.type() == "string"))
                                    || !exists(@.first ? (@ >= 0 && @ < 2147483648))
                                    || !exists(@.last ? (@ >= 0 && @ < 2147483648)))'
                            )
                            AND NOT jsonb_path_exists(
                                m.value, 'strict $[*].* ? (@.type() == "array")[*] ? (@.type() != "string")'
                            )
                        WHEN 'object of traced files' THEN jsonb_typeof(m.value) = 'object'
                            AND NOT jsonb_path_exists(m.value, 'strict $.* ? (@.type() != "object")')
                            AND NOT jsonb_path_exists(
                                m.value,
                                '$.* ? (!(@.functions.type() == "array")
                                    || exists(@.lines) && !(@.lines.type() == "array"))'
                            )
                            AND NOT jsonb_path_exists(
                                m.value,
                                'strict $.*.functions[*] ? (@.type() != "array" || @.size() != 2
                                    || @[0].type() != "string" || @[1].type() != "number")'
                            )
                            AND NOT jsonb_path_exists(m.value, '$.*.lines[*] ? (@.type() != "number")')
                        WHEN 'list of processes' THEN jsonb_typeof(m.value) = 'array'
                            AND NOT jsonb_path_exists(m.value, 'strict $[*] ? (@.type() != "object")')
                            AND NOT jsonb_path_exists(
                                m.value, '$[*] ? (!(@.files.type() == "array") || !(@.modules.type() == "array"))'
                            )
                            AND NOT jsonb_path_exists(m.value, '$[*].files[*] ? (@.type() != "string")')
                            AND NOT jsonb_path_exists(m.value, '$[*].modules[*] ? (@.type() != "string")')
                        WHEN 'numbers' THEN jsonb_typeof(m.value) = 'array' AND NOT jsonb_path_exists(
                            m.value, 'strict $[*] ? (@.type() != "number" || @ < 0 || @ > 253402300799999999)'
                        )
                        WHEN 'time' THEN CASE WHEN jsonb_typeof(m.value) = 'number'
                                AND pg_input_is_valid(m.value #>> '{}', 'bigint')
                            THEN (m.value #>> '{}')::bigint BETWEEN 0 AND 253402300799999999 ELSE FALSE END
                        WHEN 'number of a record' THEN CASE WHEN jsonb_typeof(m.value) = 'number'
                                AND pg_input_is_valid(m.value #>> '{}', 'bigint')
                            THEN (m.value #>> '{}')::bigint BETWEEN 0 AND 9007199254740991 ELSE FALSE END
                        WHEN 'positive integer' THEN CASE WHEN jsonb_typeof(m.value) = 'number'
                                AND pg_input_is_valid(m.value #>> '{}', 'integer')
                            THEN (m.value #>> '{}')::integer > 0 ELSE FALSE END
                        WHEN 'uuid' THEN jsonb_typeof(m.value) = 'string' AND pg_input_is_valid(m.value #>> '{}', 'uuid')
                        WHEN 'outcome' THEN m.value #>> '{}'
                            IN ('passed', 'xpassed', 'skipped', 'xfailed', 'failed', 'rerun')
                        WHEN 'kind of snapshot' THEN m.value #>> '{}'
                            IN ('error', 'success', 'checkpoint', 'pre_transform', 'post_transform')
                        WHEN 'list of fixtures' THEN jsonb_typeof(m.value) = 'array' AND NOT jsonb_path_exists(
                            m.value,
                            'strict $[*] ? (@.type() != "array" || @.size() < 9 || @[0].type() != "string"
                                || @[1].type() != "string" || @[2].type() != "number" || @[3].type() != "number"
                                || @[2] < 0 || @[3] < -1 || @[2] > 9000000000000000 || @[3] > 9000000000000000
                                || @[5].type() != "string" || @[6].type() != "number" || @[6] < 0
                                || @[6] > 2000000000 || @[7].type() != "string" || @[8].type() != "array")'
                        )
                        WHEN 'origin' THEN m.value #>> '{}' IN ('attached', 'stdout', 'stderr', 'log')
                        WHEN 'base64' THEN jsonb_typeof(m.value) = 'string'
                            AND length(m.value #>> '{}') % 4 = 0 AND m.value #>> '{}' ~ '^[A-Za-z0-9+/]*={0,2}$'
                        WHEN 'category' THEN m.value #>> '{}' IN ('agent', 'framework', 'external', 'user')
                        WHEN 'severity' THEN m.value #>> '{}' IN ('low', 'medium', 'high', 'critical')
                        ELSE jsonb_typeof(m.value) = 'number' AND pg_input_is_valid(m.value #>> '{}', m.type)
                    END
                END
                LIMIT 1
            )
        END AS reason
    FROM records AS l
) AS looked_at
WHERE reason IS NOT NULL;

DELETE FROM staged_records AS l USING staged_unfit AS u WHERE l.place = u.place;
