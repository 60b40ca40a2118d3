-- Keep a line that cannot be stored, with the reason; its content is its identity.

INSERT INTO debug_rejected_lines (id, journal_id, correlation_id, line, reason)
VALUES (
    debug_snapshot_id(encode(sha256(%(line)s), 'hex'), %(journal_id)s::text),
    %(journal_id)s, %(correlation_id)s, %(line)s, %(reason)s
)
ON CONFLICT (id) DO NOTHING;
