-- Take the latest line of each step and give it its id.
--
-- An id is a UUID of version 7 (RFC 9562): the milliseconds it began at, the kind of record, and a number that the
-- journal's id and the record's n make together. So the recorder decides it, and no test waits for it.

INSERT INTO staged_steps
WITH ended AS MATERIALIZED (
    SELECT DISTINCT ON (l.journal_no, r.n) l.journal_no, r.*
    FROM staged_lines AS l
    CROSS JOIN LATERAL json_to_record(l.line::json) AS r (
        n BIGINT, rev INTEGER, phase TEXT, node_id TEXT, attempt INTEGER, started BIGINT, ended BIGINT, outcome TEXT,
        reason TEXT, subtest TEXT, word TEXT, parent BIGINT[], after BIGINT[], error BIGINT, once TEXT, task TEXT,
        state BIGINT, fixtures JSON, uses JSON, properties JSON, parameters JSON
    )
    WHERE starts_with(l.line, '{"kind":"step",') AND NOT starts_with(l.line, '{"kind":"step","rev":0,"n":')
    ORDER BY l.journal_no, r.n, r.rev DESC
),
under_way AS (
    -- The line of a step's start counts only while that of its end is not here. Its first bytes tell which step it is.
    -- A full disk leaves equal lines.
    SELECT DISTINCT ON (s.journal_no, r.n) s.journal_no, r.*
    FROM (
        SELECT journal_no, line, split_part(substr(line, 28, 20), ',', 1)::bigint AS n
        FROM staged_lines
        WHERE starts_with(line, '{"kind":"step","rev":0,"n":')
    ) AS s
    CROSS JOIN LATERAL json_to_record(s.line::json) AS r (
        n BIGINT, rev INTEGER, phase TEXT, node_id TEXT, attempt INTEGER, started BIGINT, ended BIGINT, outcome TEXT,
        reason TEXT, subtest TEXT, word TEXT, parent BIGINT[], after BIGINT[], error BIGINT, once TEXT, task TEXT,
        state BIGINT, fixtures JSON, uses JSON, properties JSON, parameters JSON
    )
    WHERE NOT EXISTS (SELECT FROM ended AS e WHERE e.journal_no = s.journal_no AND e.n = s.n)
    ORDER BY s.journal_no, r.n
),
latest AS (
    SELECT * FROM ended
    UNION ALL
    SELECT * FROM under_way
)
SELECT
    r.journal_no,
    r.n,
    r.rev,
    (lpad(to_hex(r.started / 1000), 12, '0') || '71' || j.id_mark || to_hex(j.id_base + r.n))::uuid AS id,
    CASE WHEN r.outcome IN ('passed', 'xpassed') AND r.phase IN ('call', 'subtest') OR r.rev > 1 THEN
        (lpad(to_hex(r.started / 1000), 12, '0') || '73' || j.id_mark || to_hex(j.id_base + r.n))::uuid
    END AS success_id,
    CASE
        WHEN r.error IS NULL THEN NULL
        WHEN r.once IS NOT NULL THEN debug_snapshot_id(r.once || ' ' || r.node_id, j.run_id::text)
        ELSE (lpad(to_hex(r.ended / 1000), 12, '0') || '72' || j.id_mark || to_hex(j.id_base + r.error))::uuid
    END AS error_id,
    r.phase,
    CASE
        WHEN length(r.node_id) <= 255 THEN r.node_id
        ELSE left(r.node_id, 222) || ' ' || left(encode(sha256(convert_to(r.node_id, 'UTF8')), 'hex'), 32)
    END AS operation_name,
    CASE WHEN length(r.node_id) > 255 THEN r.node_id END AS long_node_id,
    coalesce(r.task, r.node_id) AS task,
    r.attempt,
    timestamptz 'epoch' + r.started * interval '1 microsecond' AS started_at,
    timestamptz 'epoch' + r.ended * interval '1 microsecond' AS ended_at,
    r.outcome,
    r.reason,
    r.subtest,
    r.word,
    r.state,
    r.parent,
    r.after,
    r.fixtures,
    r.uses,
    r.properties,
    r.parameters,
    NULL::integer AS step_number,
    FALSE AS is_known
FROM latest AS r
JOIN staged_journals AS j USING (journal_no);
