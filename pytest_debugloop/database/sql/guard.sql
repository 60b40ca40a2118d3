-- Whenever an embedded server is entered: there is a role that reads, and can do nothing else; no event trigger runs
-- because somebody connects or changes a table; no setting of a role or a database loads code. A record that was handed
-- out may have it otherwise. In one of ours all is as it should be, and nothing is written.
DO $guard$
DECLARE
    found record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'debugloop_reader') THEN
        CREATE ROLE debugloop_reader LOGIN;
    END IF;
    IF EXISTS (
        SELECT FROM pg_roles
        WHERE rolname = 'debugloop_reader'
            AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls OR NOT rolcanlogin)
    ) THEN
        ALTER ROLE debugloop_reader LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS;
    END IF;

    FOR found IN
        SELECT roleid::regrole AS granted FROM pg_auth_members
        WHERE member = 'debugloop_reader'::regrole AND roleid <> 'pg_read_all_data'::regrole
    LOOP
        EXECUTE format('REVOKE %s FROM debugloop_reader CASCADE', found.granted);
    END LOOP;
    IF NOT EXISTS (
        SELECT FROM pg_auth_members
        WHERE member = 'debugloop_reader'::regrole AND roleid = 'pg_read_all_data'::regrole AND inherit_option
    ) THEN
        GRANT pg_read_all_data TO debugloop_reader WITH INHERIT TRUE;
    END IF;

    FOR found IN SELECT evtname FROM pg_event_trigger WHERE evtenabled <> 'D'
    LOOP
        EXECUTE format('ALTER EVENT TRIGGER %I DISABLE', found.evtname);
    END LOOP;

    FOR found IN
        SELECT s.setdatabase, d.datname, s.setrole, r.rolname, split_part(setting, '=', 1) AS name
        FROM pg_db_role_setting AS s
        CROSS JOIN unnest(s.setconfig) AS setting
        LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
        LEFT JOIN pg_roles AS r ON r.oid = s.setrole
        WHERE split_part(setting, '=', 1) ~ '_librar|^jit|^event_triggers$|^role$|^session_|_tablespaces?$'
    LOOP
        EXECUTE CASE
            WHEN found.setrole = 0 AND found.setdatabase = 0 THEN format('ALTER ROLE ALL RESET %I', found.name)
            WHEN found.setrole = 0 THEN format('ALTER DATABASE %I RESET %I', found.datname, found.name)
            WHEN found.setdatabase = 0 THEN format('ALTER ROLE %I RESET %I', found.rolname, found.name)
            ELSE format('ALTER ROLE %I IN DATABASE %I RESET %I', found.rolname, found.datname, found.name)
        END;
    END LOOP;
END
$guard$;
