-- Lead the search path to the record until the transaction ends.

SELECT
    set_config('search_path', quote_ident(%(schema)s) || ', public', TRUE) AS search_path,
    set_config('datestyle', 'ISO', TRUE) AS datestyle, set_config('jit', 'off', TRUE) AS jit,
    CASE current_setting('lock_timeout')
        WHEN '0' THEN set_config('lock_timeout', %(patience)s, TRUE) ELSE current_setting('lock_timeout')
    END AS lock_timeout;
