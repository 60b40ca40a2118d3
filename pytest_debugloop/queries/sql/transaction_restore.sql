-- Give back the settings of a transaction that goes on.

SELECT
    set_config('search_path', %(search_path)s, TRUE) AS search_path,
    set_config('datestyle', %(datestyle)s, TRUE) AS datestyle, set_config('jit', %(jit)s, TRUE) AS jit,
    set_config('lock_timeout', %(lock_timeout)s, TRUE) AS lock_timeout;
