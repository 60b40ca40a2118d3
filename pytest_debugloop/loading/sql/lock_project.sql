-- Wait until no other run of the project is being concluded: each is to see the events of the other.

SELECT pg_advisory_xact_lock(hashtextextended('project ' || project, 0)) FROM debug_runs WHERE id = %(run_id)s;
