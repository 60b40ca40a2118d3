-- Delete the refused lines of the runs that go.

DELETE FROM debug_rejected_lines AS l USING pruned AS p WHERE l.correlation_id = p.correlation_id;
