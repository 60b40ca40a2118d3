-- Give the project that is called so, or, where none is, the only one that was.

SELECT coalesce(
    (SELECT r.project FROM debug_runs AS r WHERE r.project = %(called)s::text LIMIT 1),
    (
        SELECT min(a.project) FROM debug_project_aliases AS a WHERE a.alias = %(called)s::text
        HAVING count(DISTINCT a.project) = 1
    ),
    %(called)s::text
) AS name;
