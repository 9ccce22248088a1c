from collections import Counter

import pytest
from sqlalchemy import create_engine, text

from app.errors import Conflict
from app.extensions import db
from app.factory import create_app
from app.models import TABLES
from app.operations.migrating import BASE, known_revisions, migrate_database, move_to
from app.runtime import EXTENSION
from app.settings import load_settings
from tests.fakes import RecordingDispatch
from tests.old_rows import ROWS, add_old_rows
from tests.tree import ROOT

REVISIONS = sorted(path.name[:4] for path in (ROOT / "migrations/versions").glob("0*.py"))
CATALOGUE = {"trading_instruments", "markets"}


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_row_of_an_older_database_is_kept(old, revision):
    with old.engine.begin() as connection:
        move_to(connection, revision)
        add_old_rows(connection, revision)
        before = {name: rows_of(connection, name, columns) for name, columns in tables_of(connection).items()}
        columns = tables_of(connection)

    done = migrate_database(old.rt, 2)

    with old.engine.connect() as connection:
        after = {name: rows_of(connection, name, columns[name]) for name in before}
    assert (done.before, done.after) == (revision, REVISIONS[-1])
    assert {name: before[name] - after[name] for name in before if before[name] - after[name]} == {}
    assert {name for name in before if after[name] - before[name]} <= CATALOGUE


def test_every_table_has_rows_at_some_revision(old):
    with old.engine.begin() as connection:
        move_to(connection, "head")
        add_old_rows(connection, REVISIONS[-1])
        bare = [name for name, columns in tables_of(connection).items() if not rows_of(connection, name, columns)]

    assert set(ROWS) == set(REVISIONS)
    assert bare == []


def test_an_empty_database_is_told_as_such(old):
    assert migrate_database(old.rt, 2).before is None
    assert migrate_database(old.rt, 2).before == REVISIONS[-1]


def test_a_database_of_a_newer_thor_is_refused_and_left_alone(old):
    migrate_database(old.rt, 2)
    with old.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(Conflict, match=r"revision 9999, which is newer than this Thor .*restore a backup"):
        migrate_database(old.rt, 2)


def test_a_database_whose_restore_was_not_finished_is_refused(old):
    with old.engine.begin() as connection:
        connection.execute(text("CREATE TABLE thor_restoring AS SELECT '20261127T031500Z' AS backup"))

    with pytest.raises(Conflict, match="restore of backup 20261127T031500Z was not finished"):
        migrate_database(old.rt, 2)


def test_all_the_way_back_nothing_of_thor_is_left(old):
    with old.engine.begin() as connection:
        move_to(connection, "head")
        add_old_rows(connection, REVISIONS[-1])
        move_to(connection, BASE)
        left = tables_of(connection)

    assert left == {}


def test_the_revisions_are_known_in_their_order(old):
    assert known_revisions() == REVISIONS


def test_no_table_is_forgotten_here(old):
    with old.engine.begin() as connection:
        move_to(connection, "head")

        assert set(tables_of(connection)) == {model.__tablename__ for model in TABLES}


def tables_of(connection):
    found = connection.execute(
        text("""
            SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name <> 'alembic_version' AND table_name NOT LIKE 'ticks_p%'
            GROUP BY table_name""")
    )
    return dict(found.all())


def rows_of(connection, name, columns):
    chosen = ", ".join(f'"{column}"::text' for column in columns)
    return Counter(tuple(row) for row in connection.execute(text(f"SELECT {chosen} FROM {name}")))


class Old:
    def __init__(self, rt, engine):
        self.rt, self.engine = rt, engine


@pytest.fixture
def old(servers, redis_url, worker_id_or_main, tmp_path):
    url = servers.create_database(f"thor_old_{worker_id_or_main}")
    app = create_app(
        load_settings(_env_file=None, database_url=url, redis_url=redis_url, state_dir=tmp_path), RecordingDispatch()
    )
    engine = create_engine(url)
    with app.app_context():
        yield Old(app.extensions[EXTENSION], engine)
        db.engine.dispose()
    engine.dispose()
