import json
import sqlite3

import pytest

from app.backups.parts import Folder
from app.backups.state import Places, copy_state, put_state


def test_secrets_logins_and_spools_go_along_and_what_runs_does_not(machine, tmp_path):
    parts = copy_state(machine, Folder(tmp_path / "backup"))

    assert sorted(part.path for part in parts) == [
        "state/admin-password.json",
        "state/desk/1-overrides.yaml",
        "state/schwab/token.json",
        "state/schwab/token.json.previous",
        "state/secrets.json",
        "state/session.key",
        "state/spool/SCHWAB.spool",
    ]
    modes = {(tmp_path / "backup" / part.path).stat().st_mode & 0o777 for part in parts}
    assert modes == {0o600}


def test_they_come_back_to_an_empty_machine(machine, other, tmp_path):
    parts = tuple(copy_state(machine, Folder(tmp_path / "backup")))

    told = dict(put_state(other, tmp_path / "backup", parts))

    assert set(told.values()) == {"restored", "2 of 4 secrets restored; those of the servers are this machine's"}
    assert (other.state_dir / "session.key").read_text() == "a key"
    assert other.token_file.read_text() == "a token"
    assert other.token_file.stat().st_mode & 0o777 == 0o600
    assert (other.state_dir / "restored/overrides.yaml").read_text() == "overrides: []"
    assert batches(other.spool_dir / "SCHWAB.spool") == [("one",), ("two",)]


def test_what_is_there_and_differs_is_kept(machine, other, tmp_path):
    parts = tuple(copy_state(machine, Folder(tmp_path / "backup")))
    other.state_dir.mkdir()
    (other.state_dir / "session.key").write_text("another")
    (other.state_dir / "secrets.json").write_text(json.dumps({"postgres": "here", "flower": "mine"}))

    told = {place.name: what for place, what in put_state(other, tmp_path / "backup", parts)}

    assert told["session.key"] == "kept as it is here: the backup's differs"
    assert (other.state_dir / "session.key").read_text() == "another"
    assert json.loads((other.state_dir / "secrets.json").read_text()) == {
        "postgres": "here",
        "flower": "mine",
        "more": "m",
    }


def test_a_second_time_everything_is_there(machine, other, tmp_path):
    parts = tuple(copy_state(machine, Folder(tmp_path / "backup")))

    list(put_state(other, tmp_path / "backup", parts))

    assert {what for _place, what in put_state(other, tmp_path / "backup", parts)} == {"is there"}


def test_a_spool_that_is_being_written_is_copied_as_of_its_last_commit(machine, tmp_path):
    with sqlite3.connect(machine.spool_dir / "SCHWAB.spool", isolation_level=None) as live:
        live.execute("PRAGMA journal_mode = WAL")
        live.execute("INSERT INTO batches VALUES ('three')")
        live.execute("BEGIN IMMEDIATE")
        live.execute("INSERT INTO batches VALUES ('half')")
        copy_state(machine, Folder(tmp_path / "backup"))
        live.execute("ROLLBACK")
    live.close()

    assert batches(tmp_path / "backup/state/spool/SCHWAB.spool") == [("one",), ("two",), ("three",)]


def test_a_damaged_spool_is_kept_byte_by_byte(machine, tmp_path):
    (machine.spool_dir / "SCHWAB.spool.damaged-1").write_bytes(b"no database at all" * 100)

    copy_state(machine, Folder(tmp_path / "backup"))

    kept = tmp_path / "backup/state/spool/SCHWAB.spool.damaged-1"
    assert kept.read_bytes() == b"no database at all" * 100


def batches(path):
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT * FROM batches").fetchall()
    finally:
        connection.close()


@pytest.fixture
def machine(tmp_path):
    state = tmp_path / "var"
    for folder in ("spool", "schwab", "postgres", "data"):
        (state / folder).mkdir(parents=True)
    secrets = {"postgres": "p", "valkey": "v", "flower": "f", "more": "m"}
    (state / "secrets.json").write_text(json.dumps(secrets))
    for name, text in {
        "session.key": "a key",
        "admin-password.json": "{}",
        "ports.json": "{}",
        "servers.json": "{}",
        "up.lock": "1",
        "celerybeat-schedule": "x",
        "schwab/token.json": "a token",
        "schwab/token.json.previous": "a token before",
        "overrides.yaml": "overrides: []",
    }.items():
        (state / name).write_text(text)
    (state / "overrides.yaml").rename(tmp_path / "overrides.yaml")
    connection = sqlite3.connect(state / "spool/SCHWAB.spool")
    connection.executescript("CREATE TABLE batches (name); INSERT INTO batches VALUES ('one'), ('two')")
    connection.close()
    return Places(state, state / "spool", state / "schwab/token.json", (tmp_path / "overrides.yaml",))


@pytest.fixture
def other(tmp_path):
    state = tmp_path / "other"
    return Places(state, state / "spool", state / "schwab/token.json")
