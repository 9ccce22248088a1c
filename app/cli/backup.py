"""Commands that make backups, list them and restore them."""

import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from pydantic import SecretStr

from app.cli.backup_tables import backup_form, print_made, print_restored, print_shelf, restored_form
from app.cli.console import EXIT_FAILED, EXIT_REFUSED, command, console, counting
from app.cli.stack import with_servers
from app.errors import Conflict, Rejected
from app.local.lock import hold_lock, holder
from app.runtime import Runtime, runtime
from app.settings import Settings

if TYPE_CHECKING:
    from app.backups.making import Counting
    from app.backups.manifest import Manifest
    from app.backups.restoring import Restored
    from app.backups.shelf import Shelf
    from app.backups.state import Places

CONFIRMATION = "replace"
# What it would name is what a backup is for, or a password.
_UNTOLD = {"database_url", "redis_url", "state_dir", "data_dir"}
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
shelf_option = click.option("--in", "shelf_text", metavar="DIR", help="Folder of the backups [STATE_DIR/backups].")


@command("backup")
@click.option("--to", "shelf_text", metavar="DIR", help="Folder for the backups [STATE_DIR/backups].")
@click.option("--keep", type=click.IntRange(1, 10_000), metavar="N", help="Afterwards remove all but the newest N.")
@click.option("--full", is_flag=True, help="Copy everything anew, instead of linking what earlier backups have.")
@json_option
def make_backup(shelf_text: str | None, keep: int | None, full: bool, as_json: bool) -> None:
    """Back up everything that cannot be made again, while Thor runs or while it stands.

    That is every table of PostgreSQL at one moment, every file of the lake, the quotes in Redis that are not stored
    yet, secrets, logins and spools. It is read back before it gets its name; what an earlier backup has as well is
    linked and takes no room. It holds secrets: keep it as safe as the state directory. Ends with 3 while another
    backup is made, and with 1 when a file of the lake could not be had.

    \b
    flask backup --keep=14
    flask backup --to=/media/usb/thor --full
    """
    from app.backups.making import make_backup as make

    rt = runtime()
    shelf = _shelf(rt, shelf_text)
    found = []

    def work() -> None:
        found.append(make(rt, shelf, _places(rt), _counting(as_json), keep=keep, full=full))

    if _has_servers(rt):
        work()
    else:
        with_servers(rt, work)
    made = found[0]
    if as_json:
        click.echo(json.dumps(backup_form(made.manifest, made.folder, made.linked_bytes, made.removed), indent=2))
    else:
        print_made(made)
    sys.exit(EXIT_FAILED if made.manifest.lacking else 0)


@command("backups")
@shelf_option
@click.option("--verify", is_flag=True, help="Read every backup whole, against its checksums.")
@json_option
def list_backups(shelf_text: str | None, verify: bool, as_json: bool) -> None:
    """List the backups, oldest first, with age, size and state; ends with 3 when one cannot be restored.

    \b
    flask backups --verify
    """
    from app.backups.restoring import damage_of

    rt = runtime()
    rows = []
    for kept in _shelf(rt, shelf_text).kept():
        fault = kept.fault
        if verify and kept.manifest:
            fault = damage_of(kept.folder, kept.manifest, _counting(as_json))
        rows.append((kept, fault))
    print_shelf(rows, rt.clock.now(), verified=verify, as_json=as_json)
    sys.exit(EXIT_REFUSED if any(fault for _kept, fault in rows) else 0)


@command("restore")
@click.argument("source", metavar="BACKUP")
@shelf_option
@click.option("--dry-run", is_flag=True, help="Check the backup and this machine, and change nothing.")
@click.option("--lake-only", is_flag=True, help="Only files of the lake that are missing or damaged here.")
@click.option("--database-only", is_flag=True, help="Only PostgreSQL and Redis.")
@click.option("--replace", is_flag=True, help="Lose what PostgreSQL and Redis have here; asks for a word.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def restore_backup(
    source: str,
    shelf_text: str | None,
    dry_run: bool,
    lake_only: bool,
    database_only: bool,
    replace: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Restore a backup, by its name, its folder or `latest`, to an empty machine.

    Every checksum is checked first. The tables come in one transaction and are compared with the backup, row by row;
    one of an older Thor goes forward to this one. Quotes that were not stored yet go back into the stream, once. It
    ends with 3, and nothing is changed, when the backup is damaged, Thor runs here, or the machine is not empty. Run
    it again after a crash. It ends with 1 when something is here otherwise than in the backup.

    \b
    flask restore latest --dry-run
    flask restore 20261127T031500Z --in=/media/usb/thor
    flask restore latest --lake-only
    """
    if lake_only and (database_only or replace):
        raise Rejected("--lake-only goes with neither --database-only nor --replace: it replaces nothing that is sound")
    if replace and not (yes or dry_run):
        _ask()
    rt = runtime()
    wish = _Wish(dry_run=dry_run, lake_only=lake_only, database_only=database_only, replace=replace)
    done = _restore(rt, _shelf(rt, shelf_text), source, wish, _counting(as_json))
    if as_json:
        click.echo(json.dumps(restored_form(done, dry_run=dry_run), indent=2))
    else:
        print_restored(done, dry_run=dry_run)
    sys.exit(EXIT_FAILED if done.differences else 0)


@dataclass(frozen=True, kw_only=True)
class _Wish:
    dry_run: bool
    lake_only: bool
    database_only: bool
    replace: bool


def _restore(rt: Runtime, shelf: "Shelf", source: str, wish: _Wish, count: "Counting") -> "Restored":
    from app.backups.manifest import read_manifest
    from app.backups.restoring import check_backup, restore_lake

    folder = shelf.find(source)
    manifest = read_manifest(folder)
    check_backup(folder, manifest, count)
    found: list[Restored] = []

    def work() -> None:
        if wish.lake_only:
            found.append(restore_lake(rt, folder, manifest, count, dry_run=wish.dry_run))
        else:
            found.append(_restore_whole(rt, folder, manifest, wish, count))

    if wish.lake_only and _has_servers(rt):
        work()
    elif rt.settings.database_url and rt.settings.redis_url:
        with hold_lock(rt.settings.state_dir):
            work()
    else:
        with_servers(rt, work)
    return found[0]


def _restore_whole(rt: Runtime, folder: Path, manifest: "Manifest", wish: _Wish, count: "Counting") -> "Restored":
    from app.backups.restoring import Restored, look_before, restore_all

    target = look_before(rt, manifest, replace=wish.replace, with_lake=not wish.database_only)
    if wish.dry_run:
        return Restored.of(manifest)
    return restore_all(rt, folder, manifest, None if wish.database_only else _places(rt), target, count)


def _ask() -> None:
    text = f"What PostgreSQL and Redis have here will be lost. Type {CONFIRMATION!r} to go on"
    if not sys.stdin.isatty() or click.prompt(text, err=True) != CONFIRMATION:
        raise Conflict("nothing was restored: --replace needs its word typed, or --yes")


def _has_servers(rt: Runtime) -> bool:
    settings = rt.settings
    return bool(settings.database_url and settings.redis_url) or holder(settings.state_dir) is not None


def _shelf(rt: Runtime, given: str | None) -> "Shelf":
    from app.backups.shelf import Shelf, parse_shelf

    return parse_shelf(given, rt.lake.root) if given is not None else Shelf(rt.settings.state_dir / "backups")


def _places(rt: Runtime) -> "Places":
    from app.backups.state import Places

    told = rt.settings
    desk = [path for path in (told.market_overrides, told.premarket_ladders) if path is not None]
    token = told.schwab_token_file or told.state_dir / "schwab" / "token.json"
    return Places(told.state_dir, told.spool_dir, token, tuple(desk), _told(told))


def _told(settings: Settings) -> dict[str, str]:
    known = ((name, getattr(settings, name)) for name in Settings.model_fields if name not in _UNTOLD)
    return {name.upper(): str(value) for name, value in known if value not in (None, "") and not _is_secret(value)}


def _is_secret(value: object) -> bool:
    return isinstance(value, SecretStr)


def _counting(as_json: bool) -> "Counting":
    def quiet(_label: str, _total: int) -> AbstractContextManager[Callable[[int], None]]:
        return nullcontext(lambda _more: None)

    def told(label: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        console.print(f"{label}: {total:,}")
        return counting(label, total)

    return quiet if as_json else told


COMMANDS = (make_backup, list_backups, restore_backup)
