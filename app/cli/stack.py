"""Commands that run everything and tell how it stands."""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Event
from typing import Any, TextIO

import click
from flask import current_app
from rich.table import Table

from app.bus.connection import check_persistence
from app.cli.console import command, console
from app.cli.first_login import first_link
from app.cli.web_address import web_address
from app.errors import Unavailable
from app.ledger.totals import COUNTS
from app.local.lock import hold_lock
from app.local.pauses import steady_memory
from app.local.stack import FLOWER_USER, StackOptions, build_servers, build_stack
from app.local.state import SECRETS
from app.local.status import ProcessStatus, read_processes
from app.local.supervisor import run_group
from app.operations.migrating import migrate_database
from app.operations.pipeline import failures, pipeline_state
from app.runtime import Runtime, runtime
from app.setting_types import PROJECT
from app.settings import inherited_environment


@command("up")
def up() -> None:
    """Run all of Thor until Ctrl-C: servers, migrations, web, workers, beat and Flower.

    Without DATABASE_URL and REDIS_URL it runs its own PostgreSQL and Valkey, with their data under STATE_DIR.
    """
    rt = runtime()
    run_stack(rt, Event(), lambda: say_where(rt))


@command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """Tell what runs, where, and how the pipeline stands: from sources to the ledger, with alerts."""
    rt = runtime()
    processes = read_processes(rt.settings.state_dir)
    state = pipeline_state(rt, rt.settings.stream_cap, rt.collector_plan.sources)
    if as_json:
        report = {
            "running": bool(processes),
            "state_dir": str(rt.settings.state_dir),
            "urls": urls_of(processes),
            "processes": [vars(process) for process in processes],
            "pipeline": state,
        }
        click.echo(json.dumps(report, indent=2))
        return
    _print_processes(processes)
    for name, part in state.items():
        _print_part(name, part)
    if advice := advice_on(state):
        console.print(advice)


def advice_on(state: Mapping[str, Any]) -> str | None:
    """Where to look when something is wrong: the worst alert if there is one, and the doctor; None when nothing is."""
    alerts = state.get("alerts")
    worst = alerts.get("worst") if isinstance(alerts, Mapping) else None
    if worst is not None:
        return f"The worst alert is {worst}. `flask doctor` says what else is wrong, and what to do"
    if unread := failures(state):
        return f"Not to be read: {', '.join(unread)}. `flask doctor` says why, and what to do"
    return None


def run_stack(rt: Runtime, stop: Event, on_ready: Callable[[], None], output: TextIO | None = None) -> None:
    """Run the whole stack until `stop`; `on_ready` is called in a thread of its own once everything answers.

    The processes' lines go to `output`, standard output unless told otherwise.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def migrate() -> None:
        check_persistence(rt.redis)
        with app.app_context():
            migrate_database(rt, rt.settings.partitions_ahead_days)

    with hold_lock(rt.settings.state_dir), steady_memory():
        items = build_stack(_options(rt, migrate))
        run_group(items, rt.settings.state_dir, stop=stop, on_ready=on_ready, output=output)


def with_servers(rt: Runtime, work: Callable[[], None]) -> None:
    """Do the work while nobody else runs Thor on this state directory, on servers of our own where none are named.

    Conflict when Thor runs there. The servers end with the work, whose errors are raised; their lines are printed when
    one does not start.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    stop, started, finished, output = Event(), Event(), Event(), io.StringIO()

    def on_ready() -> None:
        started.set()
        with app.app_context():
            work()
        finished.set()
        stop.set()

    with hold_lock(rt.settings.state_dir):
        items = build_servers(_options(rt, lambda: None))
        try:
            run_group(items, rt.settings.state_dir, stop=stop, on_ready=on_ready, output=output)
        finally:
            if not started.is_set():
                click.echo(output.getvalue(), err=True)
    if not finished.is_set():
        raise Unavailable("it was interrupted")


def urls_of(processes: list[ProcessStatus]) -> dict[str, str]:
    """Where things are, the dashboard first: the web pages of Thor, the web server itself, and Flower."""
    found = {process.name: process.url for process in processes if process.url}
    web = found.get("web")
    first = {"dashboard": web} if web else {}
    pages = {"quotes": "api/quotes", "stream": "api/quotes/stream", "ready": "api/health/ready"}
    pages |= {"jobs": "api/jobs", "metrics": "metrics", "docs": "docs", "admin": "admin/"}
    return first | found | {name: f"{web}{path}" for name, path in pages.items() if web}


def say_where(rt: Runtime) -> None:
    """Print the addresses and how to stop."""
    console.print("\nThor is up.")
    urls = urls_of(read_processes(rt.settings.state_dir))
    for name, url in urls.items():
        if name != "web":  # Its address is the dashboard's.
            console.print(f"  {name:<9} {url}")
    console.print(f"  Flower's user is {FLOWER_USER}; its password is `flower` in {rt.settings.state_dir / SECRETS}")
    _say_how_to_log_in(rt)
    console.print("Stop it with Ctrl-C; `flask status` in another terminal tells how it stands.\n")


def _say_how_to_log_in(rt: Runtime) -> None:
    if not rt.settings.is_local:
        console.print("  Nobody reads without a login or a key: `flask user add`, `flask key add`")
        return
    token = first_link(rt)
    if token is None:
        console.print("  No user is an admin: `flask user role NAME admin` makes one")
        return
    # It must stay whole, to be clicked on.
    console.print(f"  Log in with this link, once: {web_address(rt)}login/{token.text}", soft_wrap=True)
    console.print(
        "  Without a login, programs of this machine read, and change nothing; `flask user link` makes more links"
    )


def _options(rt: Runtime, migrate: Callable[[], None]) -> StackOptions:
    settings = rt.settings
    return StackOptions(
        state_dir=settings.state_dir,
        project_dir=PROJECT,
        environment=inherited_environment(),
        migrate=migrate,
        database_url=settings.database_url.get_secret_value() if settings.database_url else None,
        redis_url=settings.redis_url.get_secret_value() if settings.redis_url else None,
        postgres_bin=settings.thor_pg_bin,
        host=settings.web_host,
        web_port=settings.web_port,
        flower_port=settings.flower_port,
        web_threads=settings.web_threads,
    )


def _print_processes(processes: list[ProcessStatus]) -> None:
    if not processes:
        console.print("Thor does not run here: start it with `make up` (or `flask up`)")
        return
    table = Table("process", "state", "pid", "restarts", "where", title="What runs", title_justify="left")
    for process in processes:
        pid = str(process.pid or "")
        table.add_row(process.name, process.state, pid, str(process.restarts), process.url or "")
    console.print(table)


def _print_part(name: str, part: Any) -> None:
    if not isinstance(part, Mapping):
        console.print(f"{name}: {part}")
        return
    console.print(f"{name}:{'' if part else ' none'}")
    for key, value in part.items():
        listed = value.get("not_balanced") if isinstance(value, Mapping) else None
        if isinstance(value, list):
            console.print(f"  {key}:{'' if value else ' none'}")
            for line in value:
                console.print(f"    {line}")
            continue
        if listed:
            value = {name: figure for name, figure in value.items() if name != "not_balanced"}
        console.print(f"  {key}: {_shown(value)}")
        for line in _not_balanced(**listed) if listed else ():
            console.print(f"    {line}")


def _not_balanced(count: int, first: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for balance in first:
        figures = {name: balance[name] for name in ("verdict", *COUNTS)}
        yield f"{balance['source']} {balance['symbol']}: {_shown(figures)}"
    if count > len(first):
        yield f"and {count - len(first):,} more: flask reconcile"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_shown(part)}" for key, part in value.items()) or "none"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


COMMANDS = (up, status)
