import itertools

from alembic.script import ScriptDirectory

from tests.checks import find_drift
from tests.tree import ROOT

MIGRATIONS = ROOT / "migrations"


def test_there_is_one_head():
    assert len(ScriptDirectory(str(MIGRATIONS)).get_heads()) == 1


def test_the_files_are_numbered_in_the_order_in_which_they_run():
    revisions = list(ScriptDirectory(str(MIGRATIONS)).walk_revisions())[::-1]

    numbers = [revision.path.rpartition("/")[2][:5] for revision in revisions]

    assert numbers == [f"{number:04d}_" for number in itertools.islice(itertools.count(1), len(revisions))]
    assert [f"{revision.revision}_" for revision in revisions] == numbers


def test_every_file_is_part_of_the_line():
    files = {path.name for path in (MIGRATIONS / "versions").glob("*.py")}

    assert files == {revision.path.rpartition("/")[2] for revision in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


def test_the_migrations_make_the_tables_that_the_models_describe(servers):
    find_drift(servers.create_database("guard_migrations"), servers.redis_url)
