import pytest
from sqlalchemy import text

from app.operations.doctor.database import check_version, look_at_database
from tests.integration.app.operations.doctor.conftest import AWAY


def told(installation):
    return {one.name: one for one in look_at_database(installation)}


def test_a_migrated_database_of_the_tested_version_is_told_of(installation, rt, sessions):
    with sessions() as session:
        number = int(session.scalars(text("SHOW server_version_num")).one())

    found = told(installation(rt))

    assert found["migrations"].level == "ok"
    assert found["postgres"] == check_version(number)
    assert found["postgres"].detail.startswith("PostgreSQL 18.")


def test_a_database_behind_the_code_is_wrong(installation, rt, one_behind):
    found = told(installation(rt))["migrations"]

    assert found.level == "wrong"
    assert "flask prepare-database" in found.fix


def test_a_postgresql_that_is_away_is_wrong(installation, away):
    [found] = look_at_database(installation(away, database_url=AWAY["database_url"]))

    assert (found.name, found.level) == ("postgres", "wrong")
    assert "DATABASE_URL" in found.fix
    assert "pa55word" not in found.detail


def test_one_of_our_own_that_does_not_run_is_not_known(installation, unset):
    [found] = look_at_database(installation(unset))

    assert (found.name, found.level) == ("postgres", "unknown")
    assert "make up" in found.fix


@pytest.fixture
def one_behind(sessions):
    with sessions.begin() as session:
        at = session.scalars(text("SELECT version_num FROM alembic_version")).one()
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    yield
    with sessions.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": at})
