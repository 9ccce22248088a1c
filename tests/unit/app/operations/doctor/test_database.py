import pytest

from app.operations.doctor.database import check_migrations, check_version, known_revisions
from tests.tree import ROOT


@pytest.mark.parametrize(
    ("number", "level", "said"),
    [
        (140_025, "wrong", "too old"),
        (170_011, "warning", "CVE-"),
        (170_012, "warning", "tested with 18"),
        (180_006, "warning", "CVE-"),
        (180_007, "ok", "PostgreSQL 18.7"),
        (180_011, "ok", "PostgreSQL 18.11"),
        (190_000, "warning", "tested with 18"),
    ],
)
def test_the_version_of_postgresql_is_the_tested_one_without_known_holes_or_not(number, level, said):
    found = check_version(number)

    assert found.level == level
    assert said in found.detail
    assert found.fix == "" or "move to" in found.fix


def test_the_first_release_without_known_holes_is_told():
    assert "18.7 or newer" in check_version(180_006).fix


@pytest.mark.parametrize(
    ("applied", "level", "fix"),
    [
        ("0006", "ok", ""),
        ("0005", "wrong", "flask prepare-database"),
        (None, "wrong", "flask prepare-database"),
        ("0099", "wrong", "newer version"),
    ],
)
def test_the_tables_are_those_of_the_code_or_behind_or_ahead_of_it(applied, level, fix):
    found = check_migrations(applied, "0006", {"0005", "0006"})

    assert found.level == level
    assert fix in found.fix


def test_the_newest_migration_is_found_in_the_folder():
    head, known = known_revisions(ROOT / "migrations")

    assert head == max(known)
    assert len(known) == len(list((ROOT / "migrations" / "versions").glob("*.py")))
