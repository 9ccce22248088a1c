import stat
from pathlib import Path

import pytest

from app.errors import Conflict
from app.local.lock import hold_lock
from app.local.state import EmbeddedServers, StateDirectory, read_json, read_servers, write_servers

SERVERS = EmbeddedServers("postgresql+psycopg2://thor:pw@127.0.0.1:20000/thor", None)


def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    first = StateDirectory(tmp_path / "var").secret("postgres")

    again = StateDirectory(tmp_path / "var")

    assert again.secret("postgres") == first
    assert again.secret("valkey") != first
    assert len(first) == 32
    assert first.replace("-", "").replace("_", "").isalnum()


def test_only_the_owner_can_read_what_is_kept(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path / "var")

    state.secret("postgres")

    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "var" / "secrets.json").stat().st_mode) == 0o600


def test_a_write_leaves_nothing_but_the_file(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)

    state.write("a.json", {"n": 1})
    state.write("a.json", {"n": 2})

    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert read_json(tmp_path / "a.json") == {"n": 2}


def test_a_value_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    state.write("a.json", {"n": 1})

    with pytest.raises(TypeError):
        state.write("a.json", {"n": object()})

    assert read_json(tmp_path / "a.json") == {"n": 1}


@pytest.mark.parametrize("text", ["", "{", "[1]", '"x"', "\udcff"])
def test_secrets_that_cannot_be_read_are_refused_rather_than_made_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "secrets.json").write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(Conflict, match=r"secrets\.json"):
        StateDirectory(tmp_path).secret("postgres")


def test_servers_are_found_while_somebody_runs_them(tmp_path: Path) -> None:
    with hold_lock(tmp_path):
        write_servers(StateDirectory(tmp_path), SERVERS)

        assert read_servers(tmp_path) == SERVERS


def test_servers_of_a_holder_that_died_are_not_found(tmp_path: Path) -> None:
    write_servers(StateDirectory(tmp_path), SERVERS)

    assert read_servers(tmp_path) is None


def test_no_servers_are_found_where_there_is_no_directory(tmp_path: Path) -> None:
    assert read_servers(tmp_path / "absent") is None


def test_passwords_do_not_show_when_the_addresses_are_printed() -> None:
    assert "pw" not in repr(SERVERS)
