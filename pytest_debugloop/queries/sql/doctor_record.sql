-- Count what went wrong while runs were stored, lately and in all.

SELECT
    (SELECT count(*) FROM debug_runs) AS runs,
    (SELECT count(*) FROM debug_runs WHERE status = 'died' AND started_at > now() - interval '7 days') AS died_lately,
    (SELECT count(*) FROM debug_runs WHERE status = 'running' AND started_at < now() - interval '1 day') AS never_ended,
    (SELECT count(*) FROM debug_rejected_lines) AS rejected,
    (SELECT max(rejected_at) FROM debug_rejected_lines) AS rejected_last_at,
    (
        SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class AS c
        WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind = 'r'
    ) AS bytes,
    (
        SELECT coalesce(greatest(least(date_part('epoch', now() - min(started_at)) / 86400, 14), 1), 1) FROM debug_runs
    ) AS days,
    (SELECT coalesce(sum(steps_total), 0)::bigint FROM debug_runs) AS steps,
    (
        SELECT coalesce(sum(steps_total), 0)::bigint FROM debug_runs WHERE started_at > now() - interval '14 days'
    ) AS steps_lately;
