"""What each process's user of PostgreSQL and Redis is denied, and how the users are made."""

import shutil
import subprocess
from contextlib import closing

import psycopg2
import pytest
from redis.exceptions import AuthenticationError, NoPermissionError

from app.bus import keys
from app.operations.database_rights import CALLERS, PREFIX, PRIVATE, READERS, RIGHTS
from tests.deployment import Deployment, deployed
from tests.tree import ROOT

SERVER = [
    "CONFIG GET requirepass", "CONFIG SET dir /tmp", "FLUSHALL", "FLUSHDB", "KEYS *", "DEBUG OBJECT x", "MODULE LIST",
    "SHUTDOWN NOSAVE", "ACL LIST", "ACL SETUSER thor_api +@all", "REPLICAOF 127.0.0.1 1", "CLIENT KILL TYPE normal",
    "MONITOR", "SAVE", "SWAPDB 0 1", "FUNCTION FLUSH", "SLOWLOG GET",
]  # fmt: skip
STREAM = keys.STREAM
OF_OTHERS = {
    "api": [f"XADD {STREAM} * a b", f"DEL {STREAM}", f"XTRIM {STREAM} MAXLEN 0", "HSET quotes:latest:ES last 1",
            f"XGROUP DESTROY {STREAM} g", "EVAL return(1) 0", "RPOP control", "PUBLISH /1.celery.pidbox x"],
    "collectors": [f"XTRIM {STREAM} MAXLEN 0", f"DEL {STREAM}", f"XDEL {STREAM} 1-1", f"XGROUP DESTROY {STREAM} g",
                   f"XACK {STREAM} g 1-1", "SET cache:a b", "SET retention:done x", "HGETALL quotes:ingest:w:lease"],
    "ingest": [f"XTRIM {STREAM} MAXLEN 0", f"DEL {STREAM}", f"XDEL {STREAM} 1-1", f"XGROUP DESTROY {STREAM} g",
               "HSET quotes:latest:ES last 1", "HSET collector:SCHWAB:desired wanted 1", "SET cache:a b"],
    "export": [f"XADD {STREAM} * a b", f"XTRIM {STREAM} MAXLEN 0", f"DEL {STREAM}", f"XDEL {STREAM} 1-1",
               "HSET quotes:latest:ES last 1", "HSET collector:SCHWAB:desired wanted 1"],
    "analysis": [f"XADD {STREAM} * a b", f"XRANGE {STREAM} - +", "HGETALL quotes:latest:ES", "GET cache:a",
                 "HSET collector:SCHWAB:desired wanted 1", f"DEL {STREAM}"],
    "control": [f"XADD {STREAM} * a b", f"DEL {STREAM}", f"XGROUP DESTROY {STREAM} g", f"XACK {STREAM} g 1-1",
                f"RENAME {STREAM} x", "SET anything 1"],
    "beat": [f"XADD {STREAM} * a b", "GET cache:a", "LPUSH analysis x", "RPOP control", "PUBLISH /1.celery.pidbox x",
             "HGETALL quotes:latest:ES"],
    "flower": [f"XADD {STREAM} * a b", "LPUSH control x", "LPUSH analysis x", "RPOP control", "DEL control",
               "HGETALL quotes:latest:ES", "HDEL unacked x"],
    "owner": [f"XADD {STREAM} * a b", "GET cache:a", "HGETALL quotes:latest:ES", "LPUSH control x", "SET x 1", "DEL x"],
    "monitor": [f"XADD {STREAM} * a b", "GET cache:a", "HGETALL quotes:latest:ES", "LPUSH control x", "SET x 1"],
    "backup": [f"XADD {STREAM} * a b", f"DEL {STREAM}", f"XTRIM {STREAM} MAXLEN 0", "LPUSH control x", "SET x 1"],
    "desk": [f"DEL {STREAM}", f"XGROUP DESTROY {STREAM} g", "RPOP control", "HDEL unacked x", "SET anything 1"],
}  # fmt: skip
CHANGES = {
    "I": "INSERT INTO {} DEFAULT VALUES",
    "U": "UPDATE {} SET {} = {} WHERE false",
    "D": "DELETE FROM {} WHERE false",
}
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S')"
HASHED = "SELECT bool_and(rolpassword LIKE 'SCRAM-SHA-256$%') FROM pg_authid WHERE rolname LIKE 'thor\\_%'"
NOBODY = [
    "CREATE TABLE mine (a int)", "ALTER TABLE ticks ADD COLUMN mine int", "DROP TABLE ticks", "TRUNCATE ticks",
    "CREATE ROLE mine", "ALTER ROLE thor_api SUPERUSER", "SET ROLE thor_owner", "COPY ticks TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')", "CREATE EXTENSION dblink", "ALTER SYSTEM SET fsync = off",
    "UPDATE alembic_version SET version_num = '0'", "DELETE FROM ticks", "SELECT rolpassword FROM pg_authid",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE INDEX ON ticks (last)",
]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with deployed(tmp_path_factory.mktemp("users")) as found:
        yield found


@pytest.mark.parametrize("role", OF_OTHERS)
def test_a_user_of_redis_may_neither_rule_the_server_nor_do_what_others_do(made, role):
    with made.redis(role) as client:
        allowed = [line for line in (*SERVER, *OF_OTHERS[role]) if may(client, line)]

    assert allowed == []


def test_every_user_of_redis_but_the_administrator_is_tried(made):
    with made.redis("admin") as client:
        users = set(client.acl_users())

    assert users == {"default", "thor_admin", *(PREFIX + role for role in OF_OTHERS)}


def test_whoever_names_no_user_is_not_let_in(made):
    with made.redis("admin") as client, pytest.raises(AuthenticationError):
        client.connection_pool.connection_kwargs.update(username=None, password=made.password("redis_admin_password"))
        client.ping()


def test_no_password_of_redis_stands_in_a_file_or_on_a_command_line(made):
    told = (made.folder / "tmp/redis/users.acl").read_text() + " ".join(made.command("redis"))
    known = {path.read_text() for path in made.secrets.glob("redis_*")}

    assert [password for password in known if password in told] == []
    assert told.count(" #") == len(known)


@pytest.mark.parametrize("role", [*READERS, "desk", "backup"])
def test_a_user_of_the_database_neither_rules_it_nor_owns_anything(made, role):
    with closing(made.postgres(role)) as connection, connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")
        allowed = [line for line in NOBODY if refusal(cursor, line) is None]

    assert allowed == []


@pytest.mark.parametrize("role", READERS)
def test_a_user_of_the_database_changes_what_its_process_does_and_nothing_else(made, role):
    with closing(made.postgres(role)) as connection:
        columns = first_columns(made)
        changed = {
            table: "".join(
                letter for letter, line in CHANGES.items() if passes(connection, line.format(table, *columns[table]))
            )
            for table in RIGHTS
        }

    assert changed == {table: rights.get(role, "") for table, rights in RIGHTS.items()}


@pytest.mark.parametrize("role", READERS)
def test_what_is_private_is_read_by_who_writes_it(made, role):
    with closing(made.postgres(role)) as connection:
        read = {table for table in RIGHTS if passes(connection, f"SELECT FROM {table} LIMIT 1")}

    assert read == {table for table in RIGHTS if table not in PRIVATE or role in RIGHTS[table]}


@pytest.mark.parametrize("role", READERS)
def test_partitions_are_made_and_dropped_by_whom_it_is_given_to(made, role):
    with closing(made.postgres(role)) as connection:
        day = f"2020-01-{READERS.index(role) + 1:02d}"
        with closing(made.postgres("owner")) as owner:
            owner.cursor().execute(f"SELECT make_tick_partition('{day}')")
        refused = {name for name in CALLERS if not passes(connection, f"SELECT {name}('{day}')")}

    assert refused == {name for name, callers in CALLERS.items() if role not in callers}


def test_a_backup_reads_everything_that_is_there_and_will_be(made):
    with closing(made.postgres("owner")) as owner, owner.cursor() as cursor:
        cursor.execute("SELECT make_tick_partition('2020-02-01')")
        cursor.execute(TABLES)
        names = [name for (name,) in cursor.fetchall()]
    with closing(made.postgres("backup")) as connection:
        unread = [name for name in names if not passes(connection, f"SELECT FROM {name} LIMIT 1")]

    assert (unread, "ticks_p20200201" in names) == ([], True)


def test_a_request_may_not_keep_the_database_busy(made):
    with closing(made.postgres("api")) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")

        assert cursor.fetchone() == ("15s",)


def test_an_installation_of_one_user_gets_roles_and_keeps_its_rows(made):
    with closing(made.postgres("superuser")) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ticks OWNER TO thor; ALTER TABLE markets OWNER TO thor")
        cursor.execute("ALTER FUNCTION refuse_change() OWNER TO thor; DROP FUNCTION make_tick_partition")
        cursor.execute("SELECT count(*) FROM markets")
        before = cursor.fetchone()

        for name in ("roles", "prepare"):
            done = made.run(name)
            assert done.returncode == 0, done.stdout + done.stderr

        cursor.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchall() == [("thor_owner",)]
        cursor.execute("SELECT count(*) FROM markets")
        assert cursor.fetchone() == before


def test_a_password_that_was_changed_is_the_new_one(made):
    place = made.secrets / "postgres_collectors_password"
    old = place.read_text()
    place.chmod(0o644)
    place.write_text("another-one-of-24-letters")
    assert made.run("roles").returncode == 0
    made.postgres("collectors").close()

    place.write_text(old)
    with pytest.raises(psycopg2.OperationalError):
        made.postgres("collectors")
    assert made.run("roles").returncode == 0


def test_a_weak_password_is_refused_by_both_servers(made, tmp_path):
    weak = shutil.copytree(made.secrets, tmp_path / "weak")
    for name in ("postgres_api_password", "redis_api_password"):
        (weak / name).chmod(0o644)
        (weak / name).write_text("thor_password")

    roles = made.run("roles", THOR_SECRETS=str(weak))
    redis = subprocess.run(
        ["sh", "docker/redis-entrypoint.sh"],
        cwd=ROOT,
        env={**made.environment("redis"), "THOR_SECRETS": str(weak), "REDIS_SERVER": "true"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (roles.returncode, "shorter than 16" in roles.stderr) == (3, True)
    assert (redis.returncode, "redis_api_password is missing or shorter than 16" in redis.stderr) == (2, True)


def test_the_server_hears_no_password_in_its_log(made):
    assert "scram-sha-256" in (ROOT / "docker-compose.yml").read_text()
    with closing(made.postgres("superuser")) as connection, connection.cursor() as cursor:
        cursor.execute(HASHED)

        assert cursor.fetchone() == (True,)


def may(client, line):
    try:
        client.execute_command(*line.split())
    except NoPermissionError:
        return False
    except Exception as error:
        return "not allowed" not in str(error)
    return True


def passes(connection, line):
    """Whether somebody has the right to do it; it is taken back."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        found = refusal(cursor, line)
        cursor.execute("ROLLBACK")
    return found is None


def refusal(cursor, line):
    """The SQLSTATE with which a statement is refused for want of rights, None where it is not."""
    try:
        cursor.execute(line)
    except psycopg2.errors.InsufficientPrivilege as error:
        return error.pgcode
    except psycopg2.Error:
        return None
    return None


def first_columns(made: Deployment) -> dict[str, tuple[str, str]]:
    """A column of each table, twice, that can be updated."""
    query = """SELECT table_name, min(column_name) FROM information_schema.columns
        WHERE table_schema = 'public' AND is_identity = 'NO' GROUP BY table_name"""
    with closing(made.postgres("superuser")) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return {name: (f'"{column}"', f'"{column}"') for name, column in cursor.fetchall()}
