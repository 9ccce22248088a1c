from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from app.lake.identity import make_identity, read_identity, take_identity
from app.lake.models import LakeIdentity

NOW = datetime(2025, 10, 9, 21, 5, tzinfo=UTC)


def test_an_identity_is_made_once(db_session):
    assert read_identity(db_session) is None

    made = make_identity(db_session, NOW)

    assert [make_identity(db_session, NOW), read_identity(db_session)] == [made, made]


@pytest.mark.parametrize("had_one", [False, True])
def test_the_identity_of_another_takes_the_place_of_ones_own(db_session, had_one):
    other = uuid4()
    if had_one:
        make_identity(db_session, NOW)

    take_identity(db_session, other, NOW)

    assert [read_identity(db_session), make_identity(db_session, NOW)] == [other, other]


def test_there_is_never_a_second_identity(db_session):
    make_identity(db_session, NOW)

    db_session.add(LakeIdentity(only_one=False, lake=uuid4(), since=NOW))
    with pytest.raises(IntegrityError, match="one_row"):
        db_session.flush()
