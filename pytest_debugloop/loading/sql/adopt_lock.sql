-- Wait until no other run of either name is being concluded; all who take several of these locks take them in one order.

SELECT pg_advisory_xact_lock(hashtextextended('project ' || name, 0))
FROM (SELECT DISTINCT name FROM unnest(%(names)s::text[]) AS n (name) ORDER BY name) AS ordered;
