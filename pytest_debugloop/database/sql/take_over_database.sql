-- Take over the empty database that initdb made, and give up the second template: each takes 7 MB, and 7 MB of WAL if it
-- is made. Only the record's database and one template are ever used.
DO $take_over$
BEGIN
    IF EXISTS (SELECT FROM pg_database WHERE datname = 'postgres') THEN
        ALTER DATABASE postgres RENAME TO debugloop;
    END IF;
    UPDATE pg_database SET datistemplate = FALSE WHERE datname = 'template0';
END
$take_over$;
