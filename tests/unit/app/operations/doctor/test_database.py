import pytest

from app.operations.doctor.database import check_migrations, check_version, known_revisions
from tests.tree import ROOT


@pytest.mark.parametrize(("number", "level"), [(130_020, "wrong"), (170_006, "warning"), (180_006, "ok")])
def test_the_version_of_postgresql_is_the_tested_one_another_or_too_old(number, level):
    assert check_version(number).level == level


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
