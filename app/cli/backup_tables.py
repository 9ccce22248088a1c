"""What the commands about backups print."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from app.cli.console import console
from app.cli.wording import counted, size_text, span_text

if TYPE_CHECKING:
    from app.backups.making import Made
    from app.backups.manifest import Manifest
    from app.backups.restoring import Restored
    from app.backups.shelf import Kept


def backup_form(manifest: "Manifest", folder: Path, linked_bytes: int, removed: Sequence[str]) -> dict[str, Any]:
    """A finished backup as JSON."""
    return {
        **_summary(manifest, folder),
        "linked_bytes": linked_bytes,
        "removed": list(removed),
        "rows_by_table": manifest.rows,
        "lacking": [lacking.model_dump() for lacking in manifest.lacking],
    }


def print_made(made: "Made") -> None:
    """Tell what a backup holds and where it is."""
    manifest = made.manifest
    console.print(
        f"Backup {manifest.name} in {made.folder}: {counted(sum(manifest.rows.values()), 'row')} in "
        f"{counted(len(manifest.tables), 'table')}, {counted(len(manifest.lake), 'file')} of the lake, "
        f"{counted(manifest.bus.entries, 'entry').replace('entrys', 'entries')} of the stream, "
        f"{size_text(manifest.bytes)} ({size_text(manifest.bytes - made.linked_bytes)} of it new), "
        f"revision {manifest.revision}, read back whole, {manifest.duration_s:.1f} s"
    )
    for name in made.removed:
        console.print(f"Removed the old backup {name}")
    for lacking in manifest.lacking:
        console.print(f"LACKING: {lacking.path} {lacking.reason}, here and in every earlier backup; old ones are kept")


def print_shelf(rows: Sequence[tuple["Kept", str]], now: datetime, *, verified: bool, as_json: bool) -> None:
    """List the backups with what is wrong with each."""
    if as_json:
        told = [_listed(kept, fault, now, verified=verified) for kept, fault in rows]
        click.echo(json.dumps({"backups": told}, indent=2))
        return
    if not rows:
        console.print("There are no backups: make one with `flask backup`")
        return
    table = Table("backup", "age", "size", "rows", "lake files", "revision", "state", title="Backups")
    for kept, fault in rows:
        manifest = kept.manifest
        if manifest is None:
            table.add_row(kept.name, "", "", "", "", "", f"bad: {fault}")
            continue
        age = span_text(int((now - manifest.snapshot_at).total_seconds()))
        figures = (size_text(manifest.bytes), f"{sum(manifest.rows.values()):,}", f"{len(manifest.lake):,}")
        table.add_row(kept.name, age, *figures, manifest.revision, _state(manifest, fault, verified=verified))
    console.print(table)


def restored_form(done: "Restored", *, dry_run: bool) -> dict[str, Any]:
    """What a restore did, as JSON."""
    return {**vars(done), "dry_run": dry_run}


def print_restored(done: "Restored", *, dry_run: bool) -> None:
    """Tell what a restore did, or would do, and every difference."""
    for line in done.state:
        console.print(line)
    what = "would be restored" if dry_run else "restored"
    forward = f", now at {done.now_at}" if done.now_at not in ("", done.revision) else ""
    console.print(
        f"Backup {done.backup} {what}: {counted(done.rows, 'row')} in {counted(done.tables, 'table')} at revision "
        f"{done.revision}{forward}, {counted(done.lake_files, 'file')} of the lake, "
        f"{done.entries:,} entries of the stream"
    )
    if done.lake_kept:
        console.print(f"{counted(done.lake_kept, 'file')} of the lake left as they are: written again since")
    for difference in done.differences:
        console.print(f"DIFFERENT: {difference}")
    if not dry_run:
        console.print(f"Differences: {len(done.differences)}")


def _summary(manifest: "Manifest", folder: Path) -> dict[str, Any]:
    return {
        "name": manifest.name,
        "folder": str(folder),
        "snapshot_at": manifest.snapshot_at.isoformat(),
        "duration_s": round(manifest.duration_s, 3),
        "thor": manifest.thor,
        "revision": manifest.revision,
        "bytes": manifest.bytes,
        "rows": sum(manifest.rows.values()),
        "lake_files": len(manifest.lake),
        "stream_entries": manifest.bus.entries,
    }


def _listed(kept: "Kept", fault: str, now: datetime, *, verified: bool) -> dict[str, Any]:
    if kept.manifest is None:
        return {"name": kept.name, "folder": str(kept.folder), "state": "bad", "fault": fault}
    age_s = round((now - kept.manifest.snapshot_at).total_seconds())
    state = _state(kept.manifest, fault, verified=verified)
    return {**_summary(kept.manifest, kept.folder), "age_s": age_s, "state": state.partition(":")[0], "fault": fault}


def _state(manifest: "Manifest", fault: str, *, verified: bool) -> str:
    if fault:
        return f"bad: {fault}"
    if manifest.lacking:
        return f"lacking: {counted(len(manifest.lacking), 'file')} of the lake"
    return "verified" if verified else "whole"
