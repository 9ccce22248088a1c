"""Backups for tests: quiet counting, places of a runtime, a made manifest."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from app.backups.making import Made, make_backup
from app.backups.manifest import MANIFEST, SUMS, BusCopy, Manifest, Part, TableCopy, manifest_texts
from app.backups.restoring import Restored, check_backup, look_before, restore_all
from app.backups.shelf import Shelf
from app.backups.state import Places
from app.lake.facts import file_digest
from app.runtime import Runtime

MADE_AT = datetime(2026, 11, 27, 3, 15, tzinfo=UTC)


@contextlib.contextmanager
def quietly(_label: str, _total: int) -> Iterator[Callable[[int], None]]:
    """Counts for nobody."""
    yield lambda _more: None


def places_of(rt: Runtime, *desk: Path) -> Places:
    """Where a runtime keeps its state."""
    state = rt.settings.state_dir
    return Places(state, rt.settings.spool_dir, state / "schwab/token.json", desk, {"MARKET": "CME_Futures"})


def back_up(rt: Runtime, root: Path, **options: object) -> Made:
    """A backup of a runtime's stores."""
    return make_backup(rt, Shelf(root), places_of(rt), quietly, **options)  # type: ignore[arg-type]


def restore(rt: Runtime, made: Made, *, replace: bool = False) -> Restored:
    """A whole restore, as the command does it."""
    check_backup(made.folder, made.manifest, quietly)
    target = look_before(rt, made.manifest, replace=replace)
    return restore_all(rt, made.folder, made.manifest, places_of(rt), target, quietly)


def written_backup(root: Path, name: str = "20261127T031500Z") -> Manifest:
    """A small backup that is whole and holds nothing of use."""
    folder = root / name
    files = ("database/alerts.copy.zst", "lake/ticks/date=2025-10-09/symbol=ES/ticks.parquet", "bus/stream.resp.zst")
    parts = []
    for path in files:
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(f"the bytes of {path}")
        size = (folder / path).stat().st_size
        parts.append(Part(path=path, bytes=size, sha256=file_digest(folder / path)))
    table, lake, bus = parts
    manifest = Manifest(
        name=name,
        thor="0.1.0",
        revision="0006",
        postgres="18.6",
        redis="valkey 9.1.2",
        begun_at=MADE_AT,
        snapshot_at=MADE_AT,
        ended_at=MADE_AT,
        tables=(TableCopy(name="alerts", columns=("id", "rule"), rows=3, sha256="0" * 64, part=table),),
        sequences={"alerts_id_seq": (3, True)},
        lake=(lake,),
        lacking=(),
        bus=BusCopy(entries=0, first_id=None, last_id=None, generation=None, keys=0, part=bus),
        state=(),
        settings={},
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json())
    (folder / SUMS).write_text(manifest_texts(manifest, file_digest(folder / MANIFEST)))
    return manifest
