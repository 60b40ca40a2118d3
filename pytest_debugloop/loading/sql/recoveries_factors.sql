-- Keep what was different in the data.

UPDATE debug_success_events AS s SET success_factors = found.factors
FROM unnest(%(ids)s::uuid[], %(factors)s::jsonb[]) AS found (id, factors)
WHERE s.id = found.id;
