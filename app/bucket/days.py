"""What a bucket is known to hold: an object for each trading day that names its files, written after all of them."""

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.bucket.objects import Bucket
from app.errors import Conflict, Rejected
from app.lake.facts import FileFacts
from app.lake.layout import TICKS, Lake
from app.lake.models import LakeFile

FOLDER: Final = "manifest"
_NAME: Final = re.compile(FOLDER + r"/date=([0-9]{4}-[0-9]{2}-[0-9]{2})\.json")
_MEND: Final = "put its last sound version back, or remove it and run `flask lake-push --verify` for that day"
_FACTS: Final = ("rows", "min_ts", "max_ts", "min_seq", "max_seq", "bytes", "sha256")


class BucketFile(BaseModel):
    """A file of the lake in the bucket: what the lake's manifest knows of it, and the hash of its footer.

    Fields as of `LakeFile`; `footer_sha256` is of the Parquet footer's bytes with the length and the mark after them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["ticks", "bars"]
    symbol: str
    timeframe: str = ""
    path: str
    rows: int = Field(gt=0)
    min_ts: AwareDatetime
    max_ts: AwareDatetime
    min_seq: int | None
    max_seq: int | None
    bytes: int = Field(gt=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    footer_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    schema_version: int
    written_at: AwareDatetime

    @property
    def facts(self) -> FileFacts:
        """What the file holds."""
        return FileFacts(**{name: getattr(self, name) for name in _FACTS})


class BucketDay(BaseModel):
    """The files of a trading day that the bucket holds whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    day: date
    files: tuple[BucketFile, ...] = ()

    @model_validator(mode="after")
    def _names_files_of_its_day(self) -> Self:
        # It came over the network, and says where files are to be written.
        for file in self.files:
            if file.path != place_in_lake(self.day, file.kind, file.symbol, file.timeframe):
                raise ValueError(f"names a file at {file.path[:100]!r}")
        return self

    @property
    def by_path(self) -> dict[str, BucketFile]:
        """The files by their path from the lake's root on."""
        return {file.path: file for file in self.files}

    def with_files(self, files: Iterable[BucketFile]) -> "BucketDay":
        """The day with these files besides its others, or instead of those in the same place."""
        known = {**self.by_path, **{file.path: file for file in files}}
        return BucketDay(day=self.day, files=tuple(known[path] for path in sorted(known)))


def place_in_lake(day: date, kind: str, symbol: str, timeframe: str) -> str:
    """The path of a file from the lake's root on; ValueError when it cannot be in any lake."""
    lake, is_ticks = Lake(Path("/nowhere")), kind == TICKS
    if is_ticks and timeframe:
        raise ValueError("ticks have no timeframe")
    try:
        path = lake.ticks_file(day, symbol) if is_ticks else lake.bars_file(day, symbol, timeframe)
    except Rejected as error:
        raise ValueError(str(error)) from None
    return lake.relative(path)


def known_file(row: LakeFile, footer_sha256: str) -> BucketFile:
    """A recorded file of the lake as the bucket knows it."""
    names = ("kind", "symbol", "timeframe", "path", "schema_version", "written_at", *_FACTS)
    values = {name: getattr(row, name) for name in names}
    return BucketFile(**values, footer_sha256=footer_sha256)


def list_days(bucket: Bucket) -> list[date]:
    """The trading days of which the bucket has files, in order; NotFound when there is no bucket."""
    found = (_NAME.fullmatch(name) for name in bucket.sizes(FOLDER))
    return sorted(date.fromisoformat(match[1]) for match in found if match)


def read_day(bucket: Bucket, day: date) -> BucketDay | None:
    """What the bucket holds of a day; None when it holds nothing, Conflict when the object that says so is damaged."""
    text = bucket.read(_name(day))
    if text is None:
        return None
    try:
        found = BucketDay.model_validate_json(text)
    except ValidationError:
        raise Conflict(f"{_name(day)} in the bucket is damaged: {_MEND}") from None
    if found.day != day:
        raise Conflict(f"{_name(day)} in the bucket is that of {found.day}: {_MEND}")
    return found


def write_day(bucket: Bucket, day: BucketDay) -> None:
    """Say what the bucket holds of a day, from where on readers go by it; Conflict when it does not read back."""
    text = (day.model_dump_json(indent=1) + "\n").encode()
    bucket.write(_name(day.day), text, "application/json")
    if bucket.read(_name(day.day)) != text:
        raise Conflict(f"{_name(day.day)} does not read back as it was written: run it again")


def _name(day: date) -> str:
    return f"{FOLDER}/date={day.isoformat()}.json"
