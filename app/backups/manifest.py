"""What a backup is made of: every part with its size and hash, and what the parts hold."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from app.errors import Conflict, NotFound
from app.lake.facts import file_digest

MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
FORMAT: Final = 1


def _inside(path: str) -> str:
    parts = PurePosixPath(path)
    if not path or parts.is_absolute() or ".." in parts.parts or "\n" in path:
        raise ValueError("must lie inside of the backup")
    return path


Inside = Annotated[str, AfterValidator(_inside)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Name = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Record):
    """A file of the backup: `path` runs from the backup's folder, `sha256` is of its bytes."""

    path: Inside
    bytes: Count
    sha256: Digest


class TableCopy(_Record):
    """A table, or a trading day's partition of the ticks: `sha256` is of the rows as COPY writes them, unpacked."""

    name: Name
    columns: tuple[Name, ...]
    rows: Count
    sha256: Digest
    part: Part


class BusCopy(_Record):
    """What Redis had that is nowhere else.

    `entries` of the stream, from `first_id` to `last_id`, are those that storage may lack: each entry that was ever
    published is among them or in the tables. `keys` counts what is kept of the others.
    """

    entries: Count
    first_id: str | None
    last_id: str | None
    generation: str | None
    keys: Count
    part: Part


class Lacking(_Record):
    """A file of the lake that was gone or damaged, here and in every earlier backup."""

    path: str
    reason: str


class Manifest(_Record):
    """A backup: `snapshot_at` is the moment whose state the tables hold, `revision` that of their migrations.

    `sequences` has the last number of each and whether it was given; `settings` has no secrets.
    """

    format: Literal[1] = FORMAT
    name: str
    thor: str
    revision: str
    postgres: str
    redis: str
    begun_at: datetime
    snapshot_at: datetime
    ended_at: datetime
    tables: tuple[TableCopy, ...]
    sequences: dict[Name, tuple[int, bool]]
    lake: tuple[Part, ...]
    lacking: tuple[Lacking, ...]
    bus: BusCopy
    state: tuple[Part, ...]
    settings: dict[str, str]

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every file of the backup but the manifest and the sums."""
        return (*(table.part for table in self.tables), *self.lake, self.bus.part, *self.state)

    @property
    def rows(self) -> dict[str, int]:
        """Rows by table; partitions count as their own tables."""
        return {table.name: table.rows for table in self.tables}

    @property
    def bytes(self) -> int:
        """Size of all parts together."""
        return sum(part.bytes for part in self.parts)

    @property
    def duration_s(self) -> float:
        """How long it took."""
        return (self.ended_at - self.begun_at).total_seconds()


def manifest_texts(manifest: Manifest, digest: str) -> str:
    """The file of sums, in the form of `sha256sum`: the manifest, whose hash is `digest`, and every part."""
    lines = [f"{digest}  {MANIFEST}", *(f"{part.sha256}  {part.path}" for part in manifest.parts)]
    return "\n".join(lines) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup, as it was written.

    NotFound where there is none; Conflict when it or the file of sums was changed, or is of a newer format.
    """
    path = folder / MANIFEST
    try:
        text, sums, digest = path.read_text("utf-8"), (folder / SUMS).read_text("utf-8"), file_digest(path)
    except FileNotFoundError as error:
        raise NotFound(f"{folder} is no whole backup: {Path(error.filename).name} is missing") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Conflict(f"{path} cannot be read: {error}") from None
    if sums.partition("\n")[0] != f"{digest}  {MANIFEST}":
        raise Conflict(f"{path} is not what was written: its hash is another than {SUMS} says")
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise Conflict(f"{path} is no manifest that this Thor reads ({where}: {first['msg']})") from None
    if sums != manifest_texts(manifest, digest):
        raise Conflict(f"{folder / SUMS} is not what was written: it does not list the manifest's parts")
    return manifest


def find_damage(folder: Path, manifest: Manifest) -> Iterator[tuple[Part, str]]:
    """Read every part whole; yields each one with what is wrong with it, empty when nothing is."""
    for part in manifest.parts:
        yield part, _damage(folder / part.path, part)


def _damage(path: Path, part: Part) -> str:
    try:
        if path.is_symlink() or not path.is_file():
            return f"{part.path} is missing"
        if (size := path.stat().st_size) != part.bytes:
            return f"{part.path} has {size:,} bytes instead of {part.bytes:,}"
        return "" if file_digest(path) == part.sha256 else f"{part.path} is damaged: its hash is another"
    except OSError as error:
        return f"{part.path} cannot be read: {error.strerror}"
