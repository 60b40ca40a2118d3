-- Give a test.

SELECT id, project, node_id, 0 AS rank FROM debug_tasks WHERE id = %(id)s;
