"""A lake of two days and two symbols with its manifest, and a store with a bucket for it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.bucket.objects import Bucket
from app.lake.layout import Lake
from tests.bucket_lakes import fill_lake
from tests.factories import DAY
from tests.object_store import ObjectStore

NEXT = DAY + timedelta(days=1)


@pytest.fixture(scope="session")
def standing_store() -> Iterator[ObjectStore]:
    """One store for all tests of a worker."""
    store = ObjectStore()
    yield store
    store.close()


@pytest.fixture
def store(standing_store: ObjectStore) -> ObjectStore:
    """A store with a new bucket and without faults."""
    standing_store.faults.clear()
    standing_store.new_bucket()
    standing_store.admin.create_dir(standing_store.plan.bucket)
    standing_store.requests.clear()
    return standing_store


@pytest.fixture
def bucket(store: ObjectStore) -> Bucket:
    """The bucket, empty."""
    return Bucket(store.plan)


@pytest.fixture
def lake(sessions, tmp_path: Path) -> Lake:
    """A lake of two days with ticks of ES and NQ and bars of ES."""
    lake = Lake(tmp_path / "lake")
    fill_lake(sessions, lake)
    return lake
