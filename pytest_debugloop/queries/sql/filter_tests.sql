-- List the tests of a project, to be distinguished by what pytest calls them.

SELECT id, node_id, file, name, parameters
FROM debug_tasks
WHERE %(project)s::text IS NULL OR project = %(project)s;
