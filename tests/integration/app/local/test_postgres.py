import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from app.errors import Conflict, Unavailable
from app.local.identity import DROPPED
from app.local.orphans import clear_stale_postmaster
from app.local.ports import free_port
from app.local.postgres import EmbeddedPostgres

Running = Callable[[EmbeddedPostgres], contextlib.AbstractContextManager[psutil.Process]]
ROOT = Path(__file__).parents[4]
AS_NOBODY = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from app.local.postgres import EmbeddedPostgres
from app.local.ports import free_port
from tests.servers import _process, _wait
import signal
server = EmbeddedPostgres(Path(sys.argv[2]), free_port(), "s3cret")
server.prepare()
with _process([*server.prefix, *server.command()], signal.SIGINT):
    _wait(server.is_ready)
    print("prefix", server.prefix, "owner", server.data.stat().st_uid)
"""


def test_it_keeps_its_data_after_every_process_is_killed(server: EmbeddedPostgres, running: Running) -> None:
    with running(server) as process, _session(server) as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        for one in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()

    with running(server), _session(server) as cursor:
        cursor.execute("SELECT count(*) FROM kept")
        assert cursor.fetchone() == (1000,)


@pytest.mark.parametrize("kind", ["a stranger", "a zombie"])
def test_a_pid_file_that_names_someone_else_is_in_nobody_s_way(
    server: EmbeddedPostgres, running: Running, kind: str
) -> None:
    with running(server) as process:
        pid_file = (server.data / "postmaster.pid").read_text()
        process.kill()
    with subprocess.Popen(["true"] if kind == "a zombie" else ["sleep", "600"]) as other:
        (server.data / "postmaster.pid").write_text(pid_file.replace(str(process.pid), str(other.pid), 1))

        try:
            with running(server):
                assert psutil.pid_exists(other.pid)
        finally:
            other.kill()


def test_a_server_that_was_left_behind_is_ended_first(server: EmbeddedPostgres, running: Running) -> None:
    with running(server) as left_behind:
        clear_stale_postmaster(server.data)

        assert left_behind.status() == psutil.STATUS_ZOMBIE
        assert not (server.data / "postmaster.pid").exists()


def test_it_is_what_thor_needs(server: EmbeddedPostgres, running: Running) -> None:
    wanted = {
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "data_checksums": "on",
        "synchronous_commit": "on",
        "password_encryption": "scram-sha-256",
        "unix_socket_directories": "",
        "listen_addresses": "127.0.0.1",
        "fsync": "on",
    }

    with running(server), _session(server) as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", (list(wanted),))
        assert dict(cursor.fetchall()) == wanted
        cursor.execute("SELECT datlocale, datlocprovider FROM pg_database WHERE datname = 'thor'")
        assert cursor.fetchone() == ("C.UTF-8", "b")


def test_it_answers_only_to_the_password_which_shows_nowhere(server: EmbeddedPostgres, running: Running) -> None:
    with running(server) as process:
        with pytest.raises(Conflict, match=r"refuses the password in secrets\.json"):
            EmbeddedPostgres(server.home.parent, server.port, "wrong").is_ready()
        assert not any("s3cret" in part for one in [process, *process.children()] for part in _command_line(one))
    assert not any("s3cret" in path.read_text() for path in server.home.glob("password*"))


def test_an_initialisation_that_was_interrupted_is_done_again(tmp_path: Path) -> None:
    draft = tmp_path / "postgres" / "data.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    server = _server(tmp_path)

    server.prepare()

    assert (server.data / "global" / "pg_control").is_file()
    assert not draft.exists()


def test_data_of_another_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    (tmp_path / "postgres" / "data" / "PG_VERSION").write_text("12\n")

    with pytest.raises(Conflict, match="no PostgreSQL 12 found"):
        _server(tmp_path).prepare()


def test_the_reason_of_a_failed_initialisation_is_told(tmp_path: Path) -> None:
    for name, script in (
        ("postgres", "echo 'postgres (PostgreSQL) 18.6'"),
        ("initdb", "echo 'x: error: disk full' >&2; exit 1"),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    with pytest.raises(Unavailable, match=r"initdb failed in .*: x: error: disk full"):
        _server(tmp_path / "var", bin_dir=tmp_path).prepare()


def test_it_is_not_ready_while_nobody_listens(tmp_path: Path) -> None:
    assert not _server(tmp_path).is_ready()


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root changes its identity")
def test_root_without_user_namespaces_runs_it_as_nobody(tmp_path: Path, running: Running) -> None:
    tmp_path.chmod(0o700)
    server = _server(tmp_path / "var", identities=(DROPPED,))

    with running(server) as process:
        assert process.uids().effective == 65534


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can become a plain user")
def test_a_plain_user_needs_no_other_identity(tmp_path: Path) -> None:
    place = tmp_path / "var"
    place.mkdir()
    os.chown(place, 65534, 65534)
    script = [sys.executable, "-B", "-c", AS_NOBODY, str(ROOT), str(place)]

    answer = subprocess.run([*DROPPED.prefix, *script], capture_output=True, text=True)

    assert answer.stdout == "prefix () owner 65534\n", answer.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state") / "a place with spaces" / ("deep" * 30) / "var"


@pytest.fixture
def server(place: Path) -> EmbeddedPostgres:
    return _server(place)


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _server(place: Path, **options: object) -> EmbeddedPostgres:
    return EmbeddedPostgres(place, free_port(), "s3cret", **options)  # type: ignore[arg-type]


@contextlib.contextmanager
def _session(server: EmbeddedPostgres) -> Iterator["psycopg2.extensions.cursor"]:
    with contextlib.closing(psycopg2.connect(server.url.replace("+psycopg2", ""))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
