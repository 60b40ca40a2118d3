-- Keep what was found of recoveries, but of those whose reason was proved.

UPDATE debug_error_success_correlation AS c
SET recovery_strategy = found.strategy,
    confidence_score = found.confidence,
    recovery_path = found.path,
    evidence = found.evidence
FROM unnest(%(ids)s::uuid[], %(strategies)s::text[], %(confidences)s::numeric[], %(paths)s::text[], %(evidence)s::jsonb[])
    AS found (id, strategy, confidence, path, evidence)
WHERE c.id = found.id AND NOT coalesce(c.evidence ? 'verified', FALSE);
