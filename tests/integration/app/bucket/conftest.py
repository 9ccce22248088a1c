"""A lake of two days and two symbols with its manifest, and a bucket for it."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.bucket.objects import Bucket
from app.lake.layout import Lake
from tests.bucket_lakes import fill_lake
from tests.object_store import ObjectStore


@pytest.fixture
def bucket(store: ObjectStore) -> Bucket:
    """The bucket, empty."""
    return Bucket(store.plan)


@pytest.fixture
def lake(sessions: sessionmaker[Session], tmp_path: Path) -> Lake:
    """A lake of two days with ticks of ES and NQ and bars of ES."""
    lake = Lake(tmp_path / "lake")
    fill_lake(sessions, lake)
    return lake
