-- Store the code that runs were run on: each file and each function once, however many runs meet it.

INSERT INTO debug_code_versions (id, files)
SELECT DISTINCT ON (line ->> 'code_version') line ->> 'code_version', line -> 'files'
FROM staged_records
WHERE kind = 'survey' AND line ? 'code_version'
ON CONFLICT (id) DO NOTHING;

INSERT INTO debug_code_versions (id, files)
SELECT DISTINCT ON (line ->> 'other_version') line ->> 'other_version', line -> 'other_files'
FROM staged_records
WHERE kind = 'survey' AND line ?& '{other_version,other_files}'
ORDER BY line ->> 'other_version'
ON CONFLICT (id) DO NOTHING;

INSERT INTO debug_installations (id, distributions)
SELECT DISTINCT ON (line ->> 'installation') line ->> 'installation', line -> 'installed'
FROM staged_records
WHERE kind = 'survey' AND line ?& '{installation,installed}'
ORDER BY line ->> 'installation'
ON CONFLICT (id) DO NOTHING;

CREATE TEMP TABLE staged_units ON COMMIT DROP AS
SELECT
    l.line ->> 'file' AS file,
    l.line ->> 'hash' AS file_hash,
    l.line -> 'variables' AS variables,
    u.place,
    debug_snapshot_id((l.line ->> 'file') || ' ' || (u.unit ->> 'function'), u.unit ->> 'hash') AS id,
    u.unit
FROM staged_records AS l
CROSS JOIN LATERAL jsonb_array_elements(l.line -> 'units') WITH ORDINALITY AS u (unit, place)
WHERE l.kind = 'code_file';

INSERT INTO debug_code_pointers AS known (id, file, function, line, code_hash, source, provides, uses)
SELECT DISTINCT ON (id)
    id,
    file,
    unit ->> 'function',
    (unit ->> 'first')::integer,
    unit ->> 'hash',
    unit ->> 'source',
    ARRAY(SELECT jsonb_array_elements_text(unit -> 'provides')),
    ARRAY(SELECT jsonb_array_elements_text(unit -> 'uses'))
FROM staged_units
ORDER BY id, (unit ->> 'first')::integer
ON CONFLICT (id) DO UPDATE SET line = excluded.line WHERE excluded.line < known.line;

INSERT INTO debug_code_files (id, file, file_hash, variables, units)
SELECT
    debug_snapshot_id(file, file_hash),
    file,
    file_hash,
    ARRAY(SELECT jsonb_array_elements_text(coalesce(variables, '[]'))),
    jsonb_agg(jsonb_build_array(id, unit -> 'first', unit -> 'last') ORDER BY place)
FROM (SELECT DISTINCT ON (file, file_hash, place) * FROM staged_units) AS u
GROUP BY file, file_hash, variables
ORDER BY file, file_hash  -- two loaders that add the same files must not wait for each other
ON CONFLICT (id) DO NOTHING;

UPDATE debug_runs AS run
SET code_version = coalesce(l.line ->> 'code_version', run.code_version),
    git_tree = coalesce(nullif(l.line ->> 'tree', ''), run.git_tree),
    git_dirty = coalesce(nullif(l.line -> 'dirty', '{}'), run.git_dirty),
    distributions = coalesce(l.line -> 'distributions', run.distributions),
    installation = coalesce(l.line ->> 'installation', run.installation),
    ini_options = coalesce(l.line -> 'ini_options', run.ini_options),
    variables = coalesce(l.line -> 'variables', run.variables),
    other_version = coalesce(l.line ->> 'other_version', run.other_version),
    edited_files = coalesce(l.line -> 'edited', run.edited_files),
    ignored_files = coalesce(l.line -> 'ignored_files', run.ignored_files),
    environment = coalesce(run.environment, '{}') || coalesce(nullif(l.line -> 'environment', 'null'), '{}')
FROM (
    -- A later one of the same run tells of more variables.
    SELECT
        j.run_id,
        jsonb_object_agg(member.key, member.value) FILTER (WHERE member.key <> 'environment') || jsonb_build_object(
            'environment', (jsonb_object_agg(variable.key, variable.value) FILTER (WHERE variable.key IS NOT NULL))
        ) AS line
    FROM staged_records AS l
    JOIN staged_journals AS j USING (journal_no)
    CROSS JOIN LATERAL jsonb_each(l.line) AS member (key, value)
    LEFT JOIN LATERAL jsonb_each(CASE member.key WHEN 'environment' THEN member.value END) AS variable ON TRUE
    WHERE l.kind = 'survey'
    GROUP BY j.run_id
) AS l
WHERE run.id = l.run_id;

UPDATE debug_runs AS run
SET conditions = encode(sha256(convert_to(
    -- Without what its process was started with (environment/process_state.py).
    concat_ws(' ', code_version, (interpreter - ARRAY[
        'folder', 'umask', 'processors', 'limit of open files', 'limit of memory', 'limit of stack',
        'limit of processes', 'limit of file size'
    ])::text, platform, distributions::text), 'UTF8'
)), 'hex')
FROM staged_records AS l
JOIN staged_journals AS j USING (journal_no)
WHERE l.kind = 'survey' AND run.id = j.run_id AND run.code_version IS NOT NULL;
