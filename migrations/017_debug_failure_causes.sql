-- Group failures by a cause that is coarser than their fingerprint
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.  docs/formulas.md has the rule.

-- Of the places that the recorder noted, innermost first; those of generated code have no file to go to.
CREATE OR REPLACE FUNCTION debug_failure_place(metadata JSONB) RETURNS JSONB
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN jsonb_path_query_first(
        metadata, 'strict $.code[*] ? (@[2] == "frame" && !(@[0] starts with "<"))', '{}', TRUE
    );

COMMENT ON FUNCTION debug_failure_place(JSONB) IS
    'Where the innermost of the project''s frames of a failure stood: file and line; of the metadata of an error event';

-- What tracebacks call it is asked by the text itself: a file's name is no regular expression.
CREATE OR REPLACE FUNCTION debug_failure_function(stack_trace TEXT, place JSONB) RETURNS TEXT
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN nullif(
        split_part(
            split_part(stack_trace, format('  File "%s", line %s, in ', place ->> 0, place ->> 1), 2), E'\n', 1
        ),
        ''
    );

COMMENT ON FUNCTION debug_failure_function(TEXT, JSONB) IS
    'The function that a traceback names at a place, as debug_failure_place() gives it';

-- The values stand on both sides of it, texts may hold anything. Where pytest wrote no values the code is asked.
CREATE OR REPLACE FUNCTION debug_failure_comparison(error_message TEXT, stack_trace TEXT, place JSONB) RETURNS TEXT
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN substring(
        regexp_replace(
            coalesce(
                substring(left(error_message, 2000) FROM '(?n)^assert .*$'),
                left(split_part(
                    split_part(stack_trace, format('  File "%s", line %s, in ', place ->> 0, place ->> 1), 2), E'\n', 2
                ), 2000)
            ),
            '''(\\.|[^''\\])*''|"(\\.|[^"\\])*"', '', 'g'
        )
        FROM '\s(==|!=|<=|>=|<|>|not in|in|is not|is)(?:\s|$)'
    );

COMMENT ON FUNCTION debug_failure_comparison(TEXT, TEXT, JSONB) IS
    'The operator of the comparison that an assertion made, by its message, else by its line of code';

CREATE OR REPLACE FUNCTION debug_cause_fingerprint(
    error_type TEXT, error_code TEXT, error_message TEXT, stack_trace TEXT, metadata JSONB
) RETURNS TEXT
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '1:' || left(encode(sha256(convert_to(
        array_to_string(ARRAY[
            coalesce(metadata ->> 'exception', error_code, error_type, ''),
            CASE WHEN debug_failure_place(metadata) IS NULL
                -- Nothing of the project was in it, or there is but a text: what it says, without numbers.
                THEN regexp_replace(split_part(left(coalesce(error_message, ''), 300), E'\n', 1), '\d+', '0', 'g')
                ELSE debug_failure_place(metadata) ->> 0
            END,
            coalesce(
                debug_failure_function(stack_trace, debug_failure_place(metadata)),
                debug_failure_place(metadata) ->> 1, ''
            ),
            CASE WHEN error_code = 'AssertionError'
                THEN coalesce(
                    debug_failure_comparison(error_message, stack_trace, debug_failure_place(metadata)), ''
                ) ELSE '' END
        ], E'\x01'), 'UTF8'
    )), 'hex'), 16);

COMMENT ON FUNCTION debug_cause_fingerprint(TEXT, TEXT, TEXT, TEXT, JSONB) IS
    'What failures of one cause have in common: the exception, the innermost of the project''s functions in which it'
    ' was raised, and of an assertion the operator of its comparison';

-- Computed by the server, so of old rows as of new ones.
ALTER TABLE debug_error_events ADD COLUMN IF NOT EXISTS cause_fingerprint TEXT GENERATED ALWAYS AS (
    debug_cause_fingerprint(error_type, error_code, error_message, error_stack_trace, metadata)
) STORED;

COMMENT ON COLUMN debug_error_events.cause_fingerprint IS
    'What failures of one cause share, where metadata.fingerprint tells tests apart: exception, innermost function of'
    ' the project, comparison';

CREATE OR REPLACE VIEW debug_failure_causes AS
SELECT
    c.run_id,
    c.cause_fingerprint,
    e.error_code,
    place.value ->> 0 AS file,
    substring(place.value ->> 1 FROM '^\d{1,9}$')::integer AS line,
    debug_failure_function(e.error_stack_trace, place.value) AS function,
    c.failures,
    c.tests,
    e.id AS example_error_id,
    e.error_message AS example_message,
    c.names
FROM (
    SELECT
        run_id, cause_fingerprint, count(*) AS failures, count(DISTINCT task_id) AS tests,
        (array_agg(id ORDER BY occurred_at, id))[1] AS first_id,
        array_agg(DISTINCT operation_name ORDER BY operation_name) FILTER (WHERE operation_name IS NOT NULL) AS names
    FROM debug_error_events
    GROUP BY run_id, cause_fingerprint
) AS c
JOIN debug_error_events AS e ON e.id = c.first_id
CROSS JOIN LATERAL (SELECT debug_failure_place(e.metadata) AS value) AS place;

COMMENT ON VIEW debug_failure_causes IS
    'The failures of each run by their cause: how many, of how many tests, an example whole and the others by name';
