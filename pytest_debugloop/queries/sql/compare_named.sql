-- Say what a name stands for: a run, a session, a branch, a change or a commit; the most exact first.

SELECT n.kind, n.key, max(r.started_at) AS last_at
FROM debug_runs AS r
CROSS JOIN LATERAL (
    VALUES
        (1, 'branch', r.git_branch, r.git_branch = %(text)s),
        (2, 'change', r.change_id, r.change_id = ltrim(%(text)s, '#!')),
        (3, 'run', r.id::text, %(is_id)s AND (starts_with(r.id::text, %(id)s) OR r.id::text LIKE '%%' || %(id)s)),
        (
            4, 'session', r.session_id::text,
            %(is_id)s AND (starts_with(r.session_id::text, %(id)s) OR r.session_id::text LIKE '%%' || %(id)s)
        ),
        (5, 'commit', r.git_commit, length(%(text)s) >= 7 AND starts_with(r.git_commit, lower(%(text)s)))
) AS n (rank, kind, key, is_meant)
WHERE n.is_meant
    AND (%(kind)s::text IS NULL OR n.kind = %(kind)s)
    AND (%(project)s::text IS NULL OR r.project = %(project)s)
GROUP BY n.rank, n.kind, n.key
ORDER BY n.rank, last_at DESC
LIMIT 6;
