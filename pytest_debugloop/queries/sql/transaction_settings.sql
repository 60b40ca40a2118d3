-- Give the settings of the transaction that the record needs to be others.

SELECT
    current_setting('search_path') AS search_path, current_setting('datestyle') AS datestyle,
    current_setting('jit') AS jit, current_setting('lock_timeout') AS lock_timeout;
