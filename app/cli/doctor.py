"""The command that looks at an installation."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote, urlsplit

import click
from rich.markup import escape
from rich.table import Table

from app.cli.console import EXIT_FAILED, command, console
from app.local.lock import holder
from app.local.status import ProcessStatus, read_processes
from app.operations.doctor.examination import examine
from app.operations.doctor.findings import Finding, Level, count_levels
from app.operations.doctor.installation import Installation
from app.runtime import Runtime, runtime
from app.setting_types import PROJECT
from app.settings import secret_settings
from app.wiring import server_addresses

STYLES: Final[Mapping[Level, str]] = {"wrong": "bold red", "warning": "yellow", "unknown": "dim", "ok": "green"}


@command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--brief", is_flag=True, help="Leave out what is ok.")
def doctor(as_json: bool, brief: bool) -> None:
    """Look at this installation: what is wrong, how bad that is, and what to do.

    Works while Thor runs and while it does not, and changes nothing but a small file that it writes to try the disks,
    and removes. Exit code 1 when something is wrong; warnings, and what could not be looked at, are none of that.

    \b
    flask doctor
    flask doctor --brief
    flask doctor --json
    """
    findings = examine(installation_of(runtime()))
    counts = count_levels(findings)
    shown = [one for one in findings if not (brief and one.level == "ok")]
    if as_json:
        click.echo(json.dumps(report(shown, counts), indent=2))
    else:
        if shown:
            console.print(table_of(shown))
        console.print(", ".join(f"{count} {level}" for level, count in counts.items()))
    if counts["wrong"]:
        sys.exit(EXIT_FAILED)


def report(findings: Sequence[Finding], counts: Mapping[Level, int]) -> dict[str, object]:
    """The findings for programs: `well` unless something is wrong, how many there are of each level, and each one."""
    return {"well": not counts["wrong"], "counts": dict(counts), "findings": [vars(one) for one in findings]}


def table_of(findings: Sequence[Finding]) -> Table:
    """The findings as a table, group by group."""
    table = Table("", "what", "found", "what to do", title="This installation", title_justify="left")
    for column in table.columns[2:]:
        column.overflow = "fold"
    for one in findings:
        table.add_row(f"[{STYLES[one.level]}]{one.level}[/]", one.name, escape(one.detail), escape(one.fix))
    return table


def installation_of(rt: Runtime) -> Installation:
    """This installation, as its settings and its state directory tell of it."""
    told = rt.settings
    processes = read_processes(told.state_dir)
    addresses = server_addresses(told)
    set_urls = [url.get_secret_value() if url else None for url in (told.database_url, told.redis_url)]
    return Installation(
        stores=rt,
        project=PROJECT,
        dashboard=PROJECT / "app" / "dashboard" / "static" / "index.html",
        state_dir=told.state_dir,
        lake_dir=told.lake_dir,
        spool_dir=told.spool_dir,
        database_url=set_urls[0],
        redis_url=set_urls[1],
        holder=holder(told.state_dir),
        web_pid=next((one.pid for one in processes if one.name == "web"), None),
        ports=ports_of(processes, addresses),
        web_host=told.web_host,
        web_threads=told.web_threads,
        sse_max_clients=told.sse_max_clients,
        stream_cap=told.stream_cap,
        sources=rt.collector_plan.sources,
        schwab=told.schwab,
        excel=told.excel,
        secret_settings=secret_settings(),
        secrets=[*told.secrets, *filter(None, map(password_in, addresses))],
    )


def ports_of(processes: Sequence[ProcessStatus], addresses: Sequence[str | None]) -> dict[str, int]:
    """On which ports what runs here listens: web pages, and servers of this machine."""
    urls = {one.name: one.url for one in processes if one.url}
    urls |= {name: url for name, url in zip(("postgres", "redis"), addresses, strict=True) if url}
    usual = {"postgres": 5432, "redis": 6379}
    parts = {name: urlsplit(url) for name, url in urls.items()}
    here = {name: one for name, one in parts.items() if one.hostname in ("127.0.0.1", "localhost", "::1")}
    return {name: port for name, one in here.items() if (port := one.port or usual.get(name))}


def password_in(url: str | None) -> str | None:
    """The password in a server's address; None where it has none."""
    found = urlsplit(url).password if url else None
    return unquote(found) if found else None


COMMANDS = (doctor,)
