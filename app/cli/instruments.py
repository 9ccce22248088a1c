"""Commands that tell what is traded, choose what is watched, and show when contracts changed."""

import json
from datetime import timedelta

import click
from rich.table import Table

from app.cli.console import command, console
from app.cli.wording import counted
from app.clock import parse_instant
from app.errors import Rejected
from app.operations.instrument_forms import instrument_forms, roll_forms
from app.operations.watching import Telling, named_symbols, watch, with_symbols, without_symbols
from app.runtime import Runtime, runtime

NONE = "–"
UNTOLD = (
    "The list is kept, but not every collector could be told, as Redis is away: one that follows the watchlist may go "
    "on with the symbols before until it starts again. Set the same list again to have it told."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@command("instruments")
@json_option
def show_instruments(as_json: bool) -> None:
    """Show what is traded: tick, worth of a tick, price format, hours, active contract, place in the watchlist.

    JSON has the fields of GET /api/instruments.

    \b
    flask instruments
    flask instruments --json
    """
    forms = instrument_forms(runtime())
    if as_json:
        click.echo(json.dumps({"instruments": forms}, indent=2))
        return
    table = Table("watched", "symbol", "name", "tick", "worth", "format", "hours", "contract", "Schwab", "thinkorswim")
    for one in forms:
        table.add_row(
            str(one["watch_position"] or ""),
            one["symbol"],
            one["name"],
            one["tick_size"],
            f"{one['tick_value']} {one['currency']}",
            "32nds" if one["price_format"] == "32" else "decimal",
            one["market"],
            one["contract"] or NONE,
            one["schwab_symbol"],
            one["tos_symbol"],
        )
    console.print(table)


@command("watchlist")
@click.option("--set", "chosen", metavar="SYMBOLS", help="Watch these, in this order, and no others: ES,NQ,CL.")
@click.option("--add", "added", metavar="SYMBOLS", help="Watch these too, or move them.")
@click.option("--at", "position", type=click.IntRange(min=1), help="With --add: at which place [default: the last].")
@click.option("--remove", "removed", metavar="SYMBOLS", help="Watch these no longer.")
@json_option
def watchlist(chosen: str | None, added: str | None, position: int | None, removed: str | None, as_json: bool) -> None:
    """Show what is watched, in order, or change it.

    Pages and streams follow within seconds; collectors that follow the watchlist are started again with it, unless
    only the order is another. What Excel brings is what its sheet lists.

    \b
    flask watchlist
    flask watchlist --set ES,NQ,CL,GC
    flask watchlist --add 6E --at 2
    flask watchlist --remove ZB
    """
    rt = runtime()
    symbols = _wanted(rt, chosen, added, position, removed)
    telling = watch(rt, symbols) if symbols is not None else Telling([], collectors_told=True)
    if not telling.collectors_told:
        click.echo(UNTOLD, err=True)
    watched = [one for one in instrument_forms(rt) if one["watch_position"] is not None]
    if as_json:
        click.echo(json.dumps({"watchlist": [one["symbol"] for one in watched]}))
        return
    for one in watched:
        console.print(f"{one['watch_position']:>3}  {one['symbol']:<6} {one['name']}", markup=False)
    if telling.restarted:
        console.print(f"started again with it: {', '.join(telling.restarted)}")


@command("rolls")
@click.option("--symbol", metavar="SYMBOL", help="One symbol [default: all].")
@json_option
def show_rolls(symbol: str | None, as_json: bool) -> None:
    """Show when the contract behind a symbol changed, at which source, newest first.

    No price before a change is comparable with one after it. JSON has the fields of GET /api/instruments/ES/rolls.

    \b
    flask rolls
    flask rolls --symbol=ES --json
    """
    rt = runtime()
    wanted = None if symbol is None else _one_symbol(rt, symbol)
    with rt.sessions() as session:
        forms = roll_forms(session, wanted)
    if as_json:
        click.echo(json.dumps({"rolls": forms}, indent=2))
        return
    if not forms:
        console.print(f"No source has told a contract{f' of {wanted}' if wanted else ''} yet.")
        return
    table = Table("symbol", "source", "from", "to", "since (UTC)", "trading day", "noticed after", "note")
    for one in forms:
        since, late = _since(one["first_ts"], one["noticed_at"])
        note = {"first": "first contract seen", "switch": "not to a later contract"}.get(one["kind"], "")
        table.add_row(
            *(one["symbol"], one["source"], one["from_contract"] or NONE, one["to_contract"]),
            *(since, one["session_date"], late, note),
        )
    console.print(table)
    console.print(counted(sum(one["kind"] != "first" for one in forms), "change"))


def _wanted(
    rt: Runtime, chosen: str | None, added: str | None, position: int | None, removed: str | None
) -> list[str] | None:
    if sum(option is not None for option in (chosen, added, removed)) > 1:
        raise Rejected("--set, --add and --remove are different changes: give one of them")
    if position is not None and added is None:
        raise Rejected("--at is the place of what is added: give it together with --add")
    if chosen is not None:
        return named_symbols(rt, chosen)
    if added is not None:
        return with_symbols(rt, named_symbols(rt, added), position)
    return None if removed is None else without_symbols(rt, named_symbols(rt, removed))


def _one_symbol(rt: Runtime, text: str) -> str:
    symbols = named_symbols(rt, text)
    if len(symbols) > 1:
        raise Rejected(f"{text[:40]!r} are several symbols: name one")
    return symbols[0]


def _since(first_ts: str, noticed_at: str) -> tuple[str, str]:
    first, noticed = parse_instant(first_ts), parse_instant(noticed_at)
    late = (noticed - first) // timedelta(seconds=1) * timedelta(seconds=1)
    return f"{first:%Y-%m-%d %H:%M:%S}", str(late)


COMMANDS = (show_instruments, watchlist, show_rolls)
