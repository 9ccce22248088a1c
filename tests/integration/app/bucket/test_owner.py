from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import delete

from app.bucket.owner import OBJECT, BucketOwner, Ownership, read_owner, write_owner
from app.errors import Conflict
from app.lake.identity import make_identity, read_identity
from app.lake.models import LakeIdentity

NOW = datetime(2025, 10, 9, 21, 5, tzinfo=UTC)


@pytest.fixture
def others(bucket):
    """The bucket has the copy of another lake."""
    owner = BucketOwner(lake=uuid4(), since=NOW)
    write_owner(bucket, owner)
    return owner


@pytest.fixture
def own(sessions, bucket):
    return lambda **how: Ownership(sessions, bucket, NOW, **how)


@pytest.fixture
def identity(sessions):
    def read():
        with sessions() as session:
            return read_identity(session)

    return read


def test_the_first_push_says_whose_lake_it_is_and_no_other_says_it_again(own, bucket, store, identity):
    own().before_push()
    own().before_push()

    assert read_owner(bucket) == BucketOwner(lake=identity(), since=NOW)
    assert [one.name for one in store.asked("PUT")] == [OBJECT]


def test_a_bucket_of_another_lake_is_left_alone(own, others, bucket, identity, lake):
    for refused in (own().before_push, own().before_pull, own(dry_run=True).before_push):
        with pytest.raises(Conflict, match=r"copy of another lake, since 2025-10-09: .* add --adopt"):
            refused()

    assert (read_owner(bucket), identity()) == (others, None)


def test_a_lake_with_an_identity_is_another_even_when_it_is_empty(own, others, sessions):
    with sessions.begin() as session:
        make_identity(session, NOW)

    with pytest.raises(Conflict, match="another lake"):
        own().before_pull()


@pytest.mark.parametrize("side", ["before_push", "before_pull"])
def test_to_adopt_takes_the_buckets_lake_over_and_leaves_the_bucket_as_it_is(own, others, bucket, identity, lake, side):
    getattr(own(adopt=True, dry_run=True), side)()
    assert identity() is None

    getattr(own(adopt=True), side)()

    assert (identity(), read_owner(bucket)) == (others.lake, others)
    own().before_push()
    own().before_pull()


def test_a_new_installation_goes_on_with_the_buckets_lake_by_pulling(own, others, identity):
    own(dry_run=True).before_pull()
    assert identity() is None

    own().before_pull()

    assert identity() == others.lake


def test_nothing_is_written_by_a_dry_run_or_a_pull(own, store, identity):
    own(dry_run=True).before_push()
    own().before_pull()

    assert (store.names(), identity()) == ([], None)


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"version": 2}', b"\xff"])
def test_a_damaged_object_is_told_and_changes_nothing(own, store, text):
    store.put(OBJECT, text)

    for refused in (own(adopt=True).before_push, own(adopt=True).before_pull, own().is_another):
        with pytest.raises(Conflict, match=r"lake\.json in s3://\S+ is damaged: put its last sound version back"):
            refused()

    assert store.get(OBJECT) == text


def test_whose_copy_it_is_can_be_asked(own, others, sessions):
    assert own().is_another()
    own(adopt=True).before_push()
    assert not own().is_another()
    with sessions.begin() as session:
        session.execute(delete(LakeIdentity))
    assert own().is_another()
