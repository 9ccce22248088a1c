"""Whose lake a bucket has a copy of: an object at its root says so, from the first push on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from sqlalchemy import exists, select
from sqlalchemy.orm import Session, sessionmaker

from app.bucket.objects import Bucket
from app.errors import Conflict
from app.lake.identity import make_identity, read_identity, take_identity
from app.lake.models import LakeFile

OBJECT: Final = "lake.json"


class BucketOwner(BaseModel):
    """The lake of which a bucket has the copy, and since when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    lake: UUID
    since: AwareDatetime


@dataclass(frozen=True)
class Ownership:
    """Sees to it that a bucket has the copy of this lake and of no other.

    With `adopt` this installation goes on with the lake of the bucket, whatever it had before; `dry_run` changes
    nothing on either side.
    """

    sessions: sessionmaker[Session]
    bucket: Bucket
    now: datetime
    adopt: bool = False
    dry_run: bool = False

    def before_push(self) -> None:
        """Let the bucket be this lake's where it is nobody's; Conflict when it is another's, or its object damaged."""
        there = read_owner(self.bucket)
        if there is not None:
            self._require(there)
        elif not self.dry_run:
            with self.sessions.begin() as session:
                owner = BucketOwner(lake=make_identity(session, self.now), since=self.now)
            write_owner(self.bucket, owner)

    def before_pull(self) -> None:
        """Go on with the bucket's lake where there is none here yet; Conflict as of `before_push`."""
        there = read_owner(self.bucket)
        if there is None:
            return
        if self._is_new():
            self._take(there)
        else:
            self._require(there)

    def is_another(self) -> bool:
        """Whether the bucket says that it has the copy of another lake; Conflict when its object is damaged."""
        there = read_owner(self.bucket)
        return there is not None and there.lake != self._here()

    def _require(self, there: BucketOwner) -> None:
        if there.lake == self._here():
            return
        if not self.adopt:
            raise Conflict(
                f"{self.bucket.plan.place} has the copy of another lake, since {there.since:%Y-%m-%d}: name another "
                "folder in LAKE_BUCKET, or add --adopt if this installation is to go on with that lake"
            )
        self._take(there)

    def _take(self, there: BucketOwner) -> None:
        if not self.dry_run:
            with self.sessions.begin() as session:
                take_identity(session, there.lake, self.now)

    def _here(self) -> UUID | None:
        with self.sessions() as session:
            return read_identity(session)

    def _is_new(self) -> bool:
        with self.sessions() as session:
            has_files = session.scalar(select(exists().where(LakeFile.id.is_not(None))))
            return read_identity(session) is None and not has_files


def read_owner(bucket: Bucket) -> BucketOwner | None:
    """Whose lake the bucket has; None before the first push, Conflict when the object that says so is damaged."""
    text = bucket.read(OBJECT)
    if text is None:
        return None
    try:
        return BucketOwner.model_validate_json(text)
    except ValidationError:
        raise Conflict(
            f"{OBJECT} in {bucket.plan.place} is damaged: put its last sound version back, or remove it if no other "
            "lake has its copy there"
        ) from None


def write_owner(bucket: Bucket, owner: BucketOwner) -> None:
    """Say whose lake the bucket has; Conflict when somebody else says so at the same time."""
    bucket.write(OBJECT, (owner.model_dump_json(indent=1) + "\n").encode(), "application/json")
    if read_owner(bucket) != owner:
        raise Conflict(f"{OBJECT} in {bucket.plan.place} does not read back as it was written: run it again")
