"""Commands about the copy of the lake in a bucket: bring it there, bring it here, compare."""

import json
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from app.cli.actor import note_command
from app.cli.console import EXIT_REFUSED, command, console, counting
from app.cli.lake import parse_range
from app.cli.output_dir import parse_output_dir
from app.cli.wording import counted, size_text
from app.errors import Conflict, Rejected
from app.quotes import parse_symbols
from app.runtime import Runtime, runtime

if TYPE_CHECKING:
    from app.bucket.comparing import Difference
    from app.bucket.objects import Bucket

start_option = click.option("--start", metavar="YYYY-MM-DD", help="First trading day (default: the first there is).")
end_option = click.option("--end", metavar="YYYY-MM-DD", help="Last trading day, included (default: the last).")
symbols_option = click.option("--symbols", metavar="ES,NQ", help="Only these symbols (default: all).")
adopt_option = click.option("--adopt", is_flag=True, help="Go on with the lake of which the bucket has the copy.")
dry_option = click.option("--dry-run", is_flag=True, help="Tell what would be done, and do nothing.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@command("lake-push")
@start_option
@end_option
@symbols_option
@click.option("--verify", is_flag=True, help="Also read what is there, and send again what is damaged.")
@click.option("--overwrite", is_flag=True, help="Replace also files there that are newer or hold more ticks.")
@adopt_option
@dry_option
@json_option
def lake_push(
    start: str | None,
    end: str | None,
    symbols: str | None,
    verify: bool,
    overwrite: bool,
    adopt: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Bring the files of the lake to the bucket of LAKE_BUCKET: those that it lacks, or of which it has others.

    Each file must be what was published, is read back whole after it was sent, and counts once the object that names
    its day's files says so, which is written last. A push that is ended or killed is finished by running it again.
    Nothing is deleted in the bucket. Files that are damaged here, or newer there, are refused, the others go on, and
    the command ends with 3. The workers do the same by themselves after each export.

    A bucket, or a folder in it, has the copy of one lake; where it has that of another, nothing is done. An
    installation that takes the place of a lost one goes on with its lake by --adopt.

    \b
    flask lake-push --dry-run
    flask lake-push --start=2025-10-01 --end=2025-10-09 --symbols=ES
    """
    from app.bucket.pushing import PushOptions
    from app.operations.bucket_keeping import push_days, recorded_days

    rt = runtime()
    bucket, chosen = _bucket(rt), parse_symbols(symbols) if symbols is not None else None
    days = recorded_days(rt, *parse_range(start, end))
    if not dry_run:
        note_command(rt, "lake-push", f"{len(days)} days", bucket=bucket.plan.place, overwrite=overwrite, adopt=adopt)
    options = PushOptions(chosen, verify=verify, dry_run=dry_run, overwrite=overwrite, adopt=adopt)
    done = push_days(rt, bucket, days, options)
    _report(done, len(days), "sent", "Would send" if dry_run else "Sent", as_json=as_json)


@command("lake-pull")
@start_option
@end_option
@symbols_option
@click.option("--overwrite", is_flag=True, help="Replace files that are different here.")
@click.option("--output-dir", metavar="FOLDER", help="To this folder instead of the lake, without a database.")
@adopt_option
@dry_option
@json_option
def lake_pull(
    start: str | None,
    end: str | None,
    symbols: str | None,
    overwrite: bool,
    output_dir: str | None,
    adopt: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Bring files from the bucket of LAKE_BUCKET to the lake: those that it lacks.

    Each file is compared with its hash, read whole, put in its place and recorded in the catalog. One that is different
    here, or damaged in the bucket, is refused, the others go on, and the command ends with 3. A pull that is ended or
    killed is finished by running it again. An empty lake that never had a copy goes on with that of the bucket; any
    other only if the copy is its own, or with --adopt.

    \b
    flask lake-pull --dry-run
    flask lake-pull --start=2025-10-01 --end=2025-10-09
    flask lake-pull --output-dir=/media/usb/lake
    """
    from app.bucket.days import list_days
    from app.bucket.pulling import Puller
    from app.operations.bucket_keeping import pull_days

    if adopt and output_dir is not None:
        raise Rejected("--adopt and --output-dir exclude each other: give one of them")
    rt = runtime()
    bucket, chosen = _bucket(rt), parse_symbols(symbols) if symbols is not None else None
    lake = parse_output_dir(output_dir, rt.lake) if output_dir is not None else rt.lake
    sessions = rt.sessions if lake is rt.lake else None
    days = _within(list_days(bucket), start, end)
    if sessions is not None and not dry_run:
        note_command(rt, "lake-pull", f"{len(days)} days", bucket=bucket.plan.place, overwrite=overwrite, adopt=adopt)
    now = rt.clock.now()
    puller = Puller(lake, bucket, now, sessions, chosen, overwrite=overwrite, adopt=adopt, dry_run=dry_run)
    done = pull_days(puller, days)
    _report(done, len(days), "taken", "Would fetch" if dry_run else "Fetched", as_json=as_json)


@command("lake-compare")
@start_option
@end_option
@symbols_option
@click.option("--verify", is_flag=True, help="Read every object whole and compare its hash.")
@json_option
def lake_compare(start: str | None, end: str | None, symbols: str | None, verify: bool, as_json: bool) -> None:
    """Compare the lake with its copy in the bucket of LAKE_BUCKET, and end with 3 where anything differs.

    Tells which files are missing or different on either side, and which objects are gone or have another size than
    they were sent with. Bytes of objects are read with --verify, those of the lake's own files by `flask verify-lake`.

    \b
    flask lake-compare --start=2025-10-01 --end=2025-10-09 --verify
    """
    from app.bucket.comparing import compare_day
    from app.bucket.days import list_days
    from app.operations.bucket_keeping import recorded_days

    rt = runtime()
    bucket, chosen = _bucket(rt), parse_symbols(symbols) if symbols is not None else None
    days = sorted({*_within(list_days(bucket), start, end), *recorded_days(rt, *parse_range(start, end))})
    remark = _remark(rt, bucket)
    if remark:
        click.echo(f"note: {remark}", err=True)
    found: list[Difference] = []
    with nullcontext(lambda _more: None) if as_json else counting("Comparing", len(days)) as count:
        for day in days:
            found += compare_day(rt.sessions, bucket, day, chosen, verify=verify)
            count(1)
    differences = [one for one in found if one.problem]
    if as_json:
        shown = [{"path": one.path, "problem": one.problem, "detail": one.detail} for one in differences]
        equal = len(found) - len(differences)
        _print_json({"files": len(found), "equal": equal, "remark": remark, "differences": shown})
    else:
        for one in differences:
            click.echo(f"{one.problem.upper() if one.problem else ''} {one.path}: {one.detail}", err=True)
        size = sum(one.bytes for one in found if not one.problem)
        _say(f"Compared {counted(len(found), 'file')} of {counted(len(days), 'day')}: {len(differences):,} different,")
        _say(f"{size_text(size)} the same")
    sys.exit(EXIT_REFUSED if differences else 0)


def _bucket(rt: Runtime) -> "Bucket":
    # Arrow takes half a second to load, which all other commands save.
    from app.bucket.objects import Bucket

    if rt.settings.bucket is None:
        raise Rejected("no bucket is named: set LAKE_BUCKET, such as s3://desk/thor")
    return Bucket(rt.settings.bucket)


def _remark(rt: Runtime, bucket: "Bucket") -> str:
    from app.bucket.owner import Ownership

    try:
        is_another = Ownership(rt.sessions, bucket, rt.clock.now()).is_another()
    except Conflict as damage:
        return str(damage)
    return f"{bucket.plan.place} has the copy of another lake" if is_another else ""


def _within(days: Iterable[date], start: str | None, end: str | None) -> list[date]:
    first, after = parse_range(start, end)
    return [day for day in days if (first is None or first <= day) and (after is None or day < after)]


def _report(done: Iterable[Any], days: int, moved: str, verb: str, *, as_json: bool) -> None:
    found = []
    with nullcontext(lambda _more: None) if as_json else counting(verb, days) as count:
        for one in done:
            found.append(one)
            count(1)
            if not as_json:
                _print_day(one, getattr(one, moved), verb)
    refused = sum(len(_refusals(one)) for one in found)
    files, size = sum(len(getattr(one, moved)) for one in found), sum(one.bytes for one in found)
    kept = sum(one.kept for one in found)
    if as_json:
        shown = [{**asdict(one), "day": one.day.isoformat()} for one in found if getattr(one, moved) or _refusals(one)]
        _print_json({"files": files, "bytes": size, "kept": kept, "refused": refused, "days": shown})
    else:
        left = f", {refused:,} refused" if refused else ""
        _say(f"{verb} {counted(files, 'file')} ({size_text(size)}); {kept:,} were there{left}")
    sys.exit(EXIT_REFUSED if refused else 0)


def _print_day(one: Any, moved: tuple[str, ...], verb: str) -> None:
    for refusal in _refusals(one):
        click.echo(f"{one.day}: {refusal}", err=True)
    if moved:
        _say(f"{one.day}: {verb.lower()} {counted(len(moved), 'file')}, {size_text(one.bytes)}")


def _refusals(one: Any) -> tuple[str, ...]:
    return (*one.refusals, *getattr(one, "waiting", ()))


def _print_json(form: dict[str, object]) -> None:
    click.echo(json.dumps(form, indent=2))


def _say(line: str) -> None:
    console.print(line, markup=False)


COMMANDS = (lake_push, lake_pull, lake_compare)
