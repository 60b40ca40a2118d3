-- Delete what is known of the commits of projects that no run is of any more.

DELETE FROM debug_commit_parents AS c
WHERE NOT EXISTS (SELECT FROM debug_runs AS r WHERE r.project = c.project);
