-- Keep lines that cannot be stored, with the reasons; a line's content is its identity.

INSERT INTO debug_rejected_lines (id, journal_id, correlation_id, line, reason)
SELECT debug_snapshot_id(encode(sha256(line), 'hex'), journal_id::text), journal_id, correlation_id, line, reason
FROM unnest(%(lines)s::bytea[], %(journals)s::uuid[], %(workflows)s::uuid[], %(reasons)s::text[])
    AS refused (line, journal_id, correlation_id, reason)
ON CONFLICT (id) DO NOTHING;
