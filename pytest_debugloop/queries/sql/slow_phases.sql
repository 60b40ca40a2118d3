-- Compare the times of each phase in the last workflows with those before, by the logarithms.
--
-- The speed of its run is taken out of each time, and a run counts less where its times scatter more. Given are the sums
-- that Student's t needs, of the phases that may be significant, and how many phases there are.

WITH timed AS MATERIALIZED (
    SELECT
        s.operation_name COLLATE "C" AS operation_name,
        s.step_type COLLATE "C" AS step_type,
        array_agg(w.place) AS places,
        array_agg(ln(t.seconds * 1000)) AS logs,
        avg(ln(t.seconds * 1000)) AS usual,
        avg(t.seconds * 1000) AS mean_ms
    FROM unnest(%(workflows)s::uuid[]) WITH ORDINALITY AS w (correlation_id, place)
    JOIN debug_workflow_steps AS s ON s.correlation_id = w.correlation_id
    CROSS JOIN LATERAL (
        SELECT greatest(extract(epoch FROM s.completed_at - s.started_at), 0.000001)::double precision AS seconds
    ) AS t
    WHERE s.status = 'completed' AND s.step_type IN ('setup', 'call', 'teardown') AND s.completed_at IS NOT NULL
    GROUP BY 1, 2
),
speed AS MATERIALIZED (
    SELECT one.place, percentile_cont(0.5) WITHIN GROUP (ORDER BY one.log - p.usual) AS log
    FROM timed AS p
    CROSS JOIN LATERAL unnest(p.places, p.logs) AS one (place, log)
    GROUP BY one.place
),
normal AS MATERIALIZED (
    SELECT p.operation_name, p.step_type, run.*
    FROM timed AS p
    CROSS JOIN LATERAL (
        SELECT
            array_agg(place) AS places, array_agg(log) AS logs, avg(log) AS usual, var_samp(log) AS variance,
            count(*) FILTER (WHERE place <= %(last)s) AS after_count,
            count(*) FILTER (WHERE place > %(last)s) AS before_count
        FROM (
            -- A phase that was run again in its run counts once.
            SELECT one.place, avg(one.log - speed.log) AS log
            FROM unnest(p.places, p.logs) AS one (place, log)
            JOIN speed USING (place)
            GROUP BY one.place
        ) AS run
    ) AS run
    WHERE p.mean_ms >= %(min_ms)s AND run.after_count >= %(least)s AND run.before_count >= %(least)s
        AND run.variance > 0
),
scatter_at_first AS MATERIALIZED (
    -- As if twenty phases more had scattered as usual: few say little of their run.
    SELECT one.place, (20 + sum((one.log - p.usual) ^ 2 / p.variance)) / (20 + count(*)) AS square
    FROM normal AS p
    CROSS JOIN LATERAL unnest(p.places, p.logs) AS one (place, log)
    GROUP BY one.place
),
scatter AS MATERIALIZED (
    -- Again, by what each phase varies when such runs count less: they hide how much they scatter.
    SELECT one.place, (20 + sum((one.log - p.usual - weighed.mean) ^ 2 / weighed.variance)) / (20 + count(*)) AS square
    FROM normal AS p
    CROSS JOIN LATERAL (
        SELECT
            sum((one.log - p.usual) / s.square) / sum(1 / s.square) AS mean,
            (sum((one.log - p.usual) ^ 2 / s.square) - sum((one.log - p.usual) / s.square) ^ 2 / sum(1 / s.square))
                / (count(*) - 1) AS variance
        FROM unnest(p.places, p.logs) AS one (place, log)
        JOIN scatter_at_first AS s USING (place)
    ) AS weighed
    CROSS JOIN LATERAL unnest(p.places, p.logs) AS one (place, log)
    WHERE weighed.variance > 0
    GROUP BY one.place
),
compared AS MATERIALIZED (
    SELECT
        p.operation_name, p.step_type,
        p.after_count, side.after_weight, side.after_sum / side.after_weight AS after_mean,
        side.after_squares - side.after_sum ^ 2 / side.after_weight AS after_squares, exp(p.usual + side.after_log) AS after_ms,
        p.before_count, side.before_weight, side.before_sum / side.before_weight AS before_mean,
        side.before_squares - side.before_sum ^ 2 / side.before_weight AS before_squares,
        exp(p.usual + side.before_log) AS before_ms
    FROM normal AS p
    CROSS JOIN LATERAL (
        SELECT
            sum(weight) FILTER (WHERE is_last) AS after_weight,
            sum(weight * log) FILTER (WHERE is_last) AS after_sum,
            sum(weight * log ^ 2) FILTER (WHERE is_last) AS after_squares,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY log) FILTER (WHERE is_last) AS after_log,
            sum(weight) FILTER (WHERE NOT is_last) AS before_weight,
            sum(weight * log) FILTER (WHERE NOT is_last) AS before_sum,
            sum(weight * log ^ 2) FILTER (WHERE NOT is_last) AS before_squares,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY log) FILTER (WHERE NOT is_last) AS before_log
        FROM (
            -- Held against the phase's own mean: sums of squares of larger numbers would lose digits.
            SELECT one.place <= %(last)s AS is_last, one.log - p.usual AS log, 1 / scatter.square AS weight
            FROM unnest(p.places, p.logs) AS one (place, log)
            JOIN scatter USING (place)
        ) AS run
    ) AS side
    WHERE %(task_ids)s::uuid[] IS NULL
        OR p.operation_name IN (SELECT operation_name FROM debug_tasks WHERE id = ANY (%(task_ids)s))
),
counted AS MATERIALIZED (
    SELECT
        (SELECT count(*) FROM compared) AS phases,
        exp((SELECT avg(log) FROM speed WHERE place <= %(last)s) - (SELECT avg(log) FROM speed WHERE place > %(last)s))
            AS speed_ratio
)
SELECT t.phases, t.speed_ratio, c.*
FROM counted AS t
LEFT JOIN compared AS c
    -- No t nearer to 0 than this is less likely than 5 %%, for any degrees of freedom: it cannot be significant.
    ON %(all)s OR (c.after_mean - c.before_mean) ^ 2 > 1.959 ^ 2
        * greatest(c.after_squares + c.before_squares, 0) / (c.after_count + c.before_count - 2)
        * (1 / c.after_weight + 1 / c.before_weight);
