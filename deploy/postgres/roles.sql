-- The roles of Thor's processes. Run it as a superuser in Thor's database, as often as you like: after a change of a
-- password, and before `flask prepare-database`, which gives the roles their rights in the tables.
--
--     THOR_SECRETS=secrets psql --no-psqlrc --file deploy/postgres/roles.sql "$SUPERUSER_URL"
--
-- Each password is read from $THOR_SECRETS/postgres_<role>_password.

\set ON_ERROR_STOP on
\set QUIET on
-- A statement that fails would be written to the server's log, with the password in it.
SET log_min_error_statement = panic;
SET log_statement = none;
SET log_min_duration_statement = -1;
SET password_encryption = 'scram-sha-256'; -- pragma: allowlist secret
SET client_min_messages = warning;

\set owner `cat "$THOR_SECRETS/postgres_owner_password"`
\set api `cat "$THOR_SECRETS/postgres_api_password"`
\set collectors `cat "$THOR_SECRETS/postgres_collectors_password"`
\set ingest `cat "$THOR_SECRETS/postgres_ingest_password"`
\set export `cat "$THOR_SECRETS/postgres_export_password"`
\set analysis `cat "$THOR_SECRETS/postgres_analysis_password"`
\set control `cat "$THOR_SECRETS/postgres_control_password"`
\set desk `cat "$THOR_SECRETS/postgres_desk_password"`
\set backup `cat "$THOR_SECRETS/postgres_backup_password"`

BEGIN;
CREATE TEMPORARY TABLE given ON COMMIT DROP AS
SELECT 'thor_' || role AS name, password
FROM (VALUES
    ('owner', :'owner'), ('api', :'api'), ('collectors', :'collectors'), ('ingest', :'ingest'), ('export', :'export'),
    ('analysis', :'analysis'), ('control', :'control'), ('desk', :'desk'), ('backup', :'backup')
) AS told (role, password);

SELECT count(*) > 0 AS weak FROM given WHERE length(password) < 16 \gset
\if :weak
DO $$ BEGIN RAISE EXCEPTION 'a password is missing or shorter than 16 letters: sh deploy/secrets.sh makes them'; END $$;
\endif

SELECT format('CREATE ROLE %I', name) FROM given WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec
SELECT format(
    'ALTER ROLE %I WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD %L', name, password
) FROM given \gexec

-- Nobody is in here who is not named.
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), name) FROM given \gexec
-- Ticks that may be there already are staged in a temporary table.
SELECT format('GRANT TEMPORARY ON DATABASE %I TO thor_ingest, thor_api', current_database()) \gexec
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SELECT format('GRANT USAGE ON SCHEMA public TO %I', name) FROM given \gexec
GRANT CREATE ON SCHEMA public TO thor_owner;

GRANT thor_api, thor_collectors, thor_ingest, thor_export, thor_analysis, thor_control TO thor_desk;
-- Longer than the application waits for a lock, which tells more.
ALTER ROLE thor_api SET statement_timeout = '15s';
ALTER ROLE thor_backup SET default_transaction_read_only = on;

-- What an installation without roles has made belongs to the owner from now on.
SELECT format('ALTER TABLE public.%I OWNER TO thor_owner', relname)
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relowner <> 'thor_owner'::regrole \gexec
SELECT format('ALTER FUNCTION %s OWNER TO thor_owner', oid::regprocedure)
FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND proowner <> 'thor_owner'::regrole
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e') \gexec
COMMIT;
\echo The roles are there: thor_owner, thor_api, thor_collectors, thor_ingest, thor_export, thor_analysis, thor_control, thor_desk, thor_backup
