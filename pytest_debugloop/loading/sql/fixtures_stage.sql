-- Stage the set-ups of fixtures: they are steps below the phase that they were in.
--
-- A fixture has no number in the journal: it is that of the phase, and its place in it so high that no record has it.

CREATE TEMP TABLE IF NOT EXISTS staged_fixtures (
    journal_no INTEGER NOT NULL,
    n BIGINT NOT NULL,
    phase_n BIGINT NOT NULL,
    rev INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    phase_started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    name TEXT,
    scope TEXT,
    started BIGINT,
    took BIGINT,
    failed BOOLEAN,
    file TEXT,
    line INTEGER,
    function TEXT,
    arguments JSON
) ON COMMIT DELETE ROWS;

INSERT INTO staged_fixtures
SELECT
    s.journal_no,
    s.n + (f.place << 43) AS n,
    s.n AS phase_n,
    s.rev,
    s.attempt,
    s.started_at AS phase_started_at,
    f.one ->> 0 AS name,
    f.one ->> 1 AS scope,
    (f.one ->> 2)::bigint AS started,
    -- The last of a phase is taken to last to its end, and to be what a setup failed in.
    CASE
        WHEN (f.one ->> 3)::bigint >= 0 THEN (f.one ->> 3)::bigint
        ELSE greatest((extract(epoch FROM s.ended_at) * 1000000)::bigint - (f.one ->> 2)::bigint, 0)
    END AS took,
    (f.one ->> 3)::bigint < 0 AND s.phase = 'setup' AND s.outcome IN ('failed', 'rerun') AS failed,
    f.one ->> 5 AS file,
    (f.one ->> 6)::integer AS line,
    f.one ->> 7 AS function,
    f.one -> 8 AS arguments
FROM staged_steps AS s
CROSS JOIN LATERAL json_array_elements(s.fixtures) WITH ORDINALITY AS f (one, place)
WHERE s.fixtures IS NOT NULL AND f.place < 500;

INSERT INTO staged_notes (journal_no, n, rev, phase, name, metadata)
SELECT
    journal_no, n, rev, 'fixture', name,
    jsonb_build_object('scope', scope, 'file', file, 'line', line, 'function', function, 'arguments', arguments)
FROM staged_fixtures;

INSERT INTO staged_steps (
    journal_no, n, rev, id, phase, operation_name, task, attempt, started_at, ended_at, outcome, parent, is_known
)
SELECT
    f.journal_no,
    f.n,
    f.rev,
    (lpad(to_hex(f.started / 1000), 12, '0') || '71' || j.id_mark || to_hex(j.id_base + f.n))::uuid,
    'fixture',
    left(f.name, 255),
    f.name,
    f.attempt,
    timestamptz 'epoch' + f.started * interval '1 microsecond',
    timestamptz 'epoch' + (f.started + f.took) * interval '1 microsecond',
    CASE WHEN f.took IS NULL THEN NULL WHEN f.failed THEN 'failed' ELSE 'passed' END,
    ARRAY[f.phase_n, (extract(epoch FROM f.phase_started_at) * 1000000)::bigint],
    FALSE
FROM staged_fixtures AS f
JOIN staged_journals AS j USING (journal_no);

-- What the last run had of each; runs may be loaded in any order.
INSERT INTO debug_transform_functions AS known (
    id, project, name, scope, file, function, line, arguments, first_run_id, last_run_id, first_used_at, last_used_at
)
SELECT DISTINCT ON (u.id)
    u.id, u.project, left(u.name, 255), u.scope, u.file, u.function, u.line,
    ARRAY(SELECT json_array_elements_text(u.arguments)),
    first_value(u.run_id) OVER (PARTITION BY u.id ORDER BY u.used_at),
    u.run_id,
    min(u.used_at) OVER (PARTITION BY u.id),
    u.used_at
FROM (
    SELECT
        debug_snapshot_id(j.project || ' ' || f.file || ' ' || f.function, 'fixture ' || f.name) AS id,
        f.*, j.project, j.run_id, timestamptz 'epoch' + f.started * interval '1 microsecond' AS used_at
    FROM staged_fixtures AS f
    JOIN staged_journals AS j USING (journal_no)
) AS u
ORDER BY u.id, u.used_at DESC
ON CONFLICT (id) DO UPDATE SET
    scope = CASE WHEN excluded.last_used_at > known.last_used_at THEN excluded.scope ELSE known.scope END,
    line = CASE WHEN excluded.last_used_at > known.last_used_at THEN excluded.line ELSE known.line END,
    arguments = CASE WHEN excluded.last_used_at > known.last_used_at THEN excluded.arguments ELSE known.arguments END,
    last_run_id = CASE
        WHEN excluded.last_used_at > known.last_used_at THEN excluded.last_run_id ELSE known.last_run_id
    END,
    last_used_at = greatest(excluded.last_used_at, known.last_used_at),
    first_run_id = CASE
        WHEN excluded.first_used_at < known.first_used_at THEN excluded.first_run_id ELSE known.first_run_id
    END,
    first_used_at = least(excluded.first_used_at, known.first_used_at)
WHERE excluded.last_used_at > known.last_used_at OR excluded.first_used_at < known.first_used_at;
