from datetime import UTC, datetime, timedelta

import pytest

from app.access.keys import LONGEST, add_key, find_key, list_keys, revoke_key
from app.access.roles import Role
from app.errors import Conflict, NotFound, Rejected

NOW = datetime(2025, 10, 9, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_of_a_key_the_digest_alone_is_kept(db_session):
    key, token = add_key(db_session, " grafana ", Role.VIEWER, NOW, "anna", 90 * DAY)

    assert (key.id, key.name, key.role, key.created_by, key.expires_at) == (
        token.id, "grafana", "viewer", "anna", NOW + 90 * DAY,
    )  # fmt: skip
    assert key.digest == token.digest
    assert token.text[-43:] not in key.digest
    assert add_key(db_session, "other", Role.ADMIN, NOW, "anna")[0].expires_at is None


@pytest.mark.parametrize(
    ("name", "lasts"),
    [("", DAY), (" ", DAY), ("x" * 65, DAY), ("a\nb", DAY), ("x", timedelta(0)), ("x", LONGEST + DAY)],
)
def test_a_key_that_cannot_be_is_refused(db_session, name, lasts):
    with pytest.raises(Rejected):
        add_key(db_session, name, Role.VIEWER, NOW, "anna", lasts)

    assert list_keys(db_session) == []


def test_a_key_is_found_by_its_id_and_by_a_name_that_one_good_key_has(db_session):
    over, _ = add_key(db_session, "notebook", Role.VIEWER, NOW, "anna", DAY)
    revoked, _ = add_key(db_session, "notebook", Role.VIEWER, NOW, "anna")
    revoke_key(db_session, revoked.id, NOW)
    with pytest.raises(NotFound, match="flask key list"):
        find_key(db_session, "notebook", NOW + DAY)
    good, _ = add_key(db_session, "notebook", Role.VIEWER, NOW, "anna")

    assert [find_key(db_session, told, NOW + DAY) for told in (over.id, " notebook ")] == [over.id, good.id]
    with pytest.raises(Conflict, match=over.id):
        find_key(db_session, "notebook", NOW)


def test_a_revoked_key_stays_listed_with_the_time_of_the_first_revocation(db_session):
    old, _ = add_key(db_session, "old", Role.VIEWER, NOW, "anna")
    new, _ = add_key(db_session, "new", Role.VIEWER, NOW + DAY, "anna")

    revoke_key(db_session, old.id, NOW + DAY)
    revoke_key(db_session, old.id, NOW + 2 * DAY)

    assert [(key.id, key.revoked_at) for key in list_keys(db_session)] == [(new.id, None), (old.id, NOW + DAY)]
    with pytest.raises(NotFound, match="flask key list"):
        revoke_key(db_session, "0" * 12, NOW)
