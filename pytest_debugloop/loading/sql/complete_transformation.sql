-- Tie a run to the transformation that it is a part of.

-- Whoever runs tests as a part of a transformation passes its correlation id to the run.
SELECT debug_link_transformation(%(correlation_id)s, %(run_id)s);

-- And take over from it what the run has not itself.
SELECT adopt_transformation(%(correlation_id)s, %(run_id)s);
