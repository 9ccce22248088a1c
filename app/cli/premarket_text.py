"""Ladders and their reports on a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from app.analysis.findings import is_figure
from app.cli.wording import span_text
from app.clock import parse_instant
from app.reports.measures import p_text, readable, scale_of, unit_text
from app.reports.picking import mapping, part
from app.reports.premarket_page import verdict_words
from app.reports.wording import NOTHING, status_text

Plain = Mapping[str, Any]
_COLOURS: Final = {"READY": "green", "DEGRADED": "yellow", "LATE": "red", "MISSING": "red"}
_OF_STATUS: Final = {"done": "green", "late": "red", "failed": "red", "skipped": "red", "started": "cyan"}


def ladder_lines(told: Plain, zone: ZoneInfo) -> Iterator[Text | Table]:
    """A ladder: verdict, open, and the stages as a table; times are those of the market."""
    opens = parse_instant(told["opens_at"])
    left = told["seconds_to_open"]
    when = f"in {span_text(left)}" if left > 0 else f"{span_text(-left)} ago"
    local = opens.astimezone(zone)
    yield Text(
        f"{told['market']}, open of {told['session_date']} at {local:%H:%M} {zone.key} ({opens:%H:%M} UTC, {when})"
    )
    yield from _verdict(told)
    table = Table("stage", "status", f"planned, {zone.key}", "by", "done", "analyses", "remarks")
    for one in told["stages"]:
        late = f" by {span_text(one['late_s'])}" if one["late_s"] else ""
        status = Text(f"{one['status']}{late}", style=_OF_STATUS.get(one["status"], ""))
        times = [_clock(one[name], zone) for name in ("planned_at", "deadline_at", "done_at")]
        table.add_row(one["stage"], status, *times, str(len(one["jobs"])), Text("; ".join(one["reasons"])))
    yield table


def report_lines(document: Plain, standing: Plain) -> Iterator[Text | Table]:
    """A report: verdict, signals with sizes, ranges, and how earlier predictions did."""
    yield Text(f"{document['market']} before the open of {document['session_date']}, with what was known at "
               f"{document['asof'][:16]}Z")  # fmt: skip
    yield from _verdict(standing)
    yield _signals(document)
    for symbol, reason in sorted(mapping(document, "left_out").items()):
        yield Text(f"{symbol} is left out: {reason}")
    if (ranges := _ranges(document)).row_count:
        yield ranges
    yield Text(f"Together: {part(document, 'risk', 'positions', 'method')}.", style="dim")


def _verdict(told: Plain) -> Iterator[Text]:
    name = told.get("verdict")
    shown = Text(name or "NO VERDICT YET", style=f"bold {_COLOURS.get(name or '', '')}".strip())
    yield shown.append(f"  {verdict_words(name)}", style="not bold default")
    for reason in told.get("reasons", ()):
        yield Text(f"  - {reason}")


def _signals(document: Plain) -> Table:
    table = Table(
        "symbol", "signal", "confidence", "Brier skill out of sample", "until, UTC", "VaR 99 %", "size", "why"
    )
    for symbol in document["symbols"]:
        told = mapping(document, "signals", symbol)
        table.add_row(
            symbol,
            f"{told['action']} {told.get('horizon') or ''}".strip(),
            _figure(document, "signals", symbol, "confidence"),
            _figure(document, "signals", symbol, "out_of_sample", "brier_skill"),
            str(told["valid_until"])[11:16],
            _figure(document, "risk", "symbols", symbol, "session", "var_99"),
            _figure(document, "risk", "positions", "contracts", symbol),
            Text("; ".join(text for text in (told.get("reason"), told.get("note")) if text)),
        )
    return table


def _ranges(document: Plain) -> Table:
    table = Table("symbol", "horizon", "from", "expected, 9 times of 10", "held so far")
    for symbol in document["symbols"]:
        for horizon in sorted(mapping(document, "expected_ranges", symbol)):
            base = ("expected_ranges", symbol, horizon)
            low, high = part(document, *base, "interval", "ci") or (None, None)
            spread = f"{readable(low, 'price')} to {readable(high, 'price')}" if low is not None else NOTHING
            start, held = _figure(document, *base, "base"), _figure(document, *base, "coverage")
            table.add_row(symbol, horizon, start, spread, held)
    return table


def _figure(document: Plain, *path: str) -> Text:
    figure = part(document, *path)
    if not is_figure(figure):
        return Text(NOTHING)
    if figure["value"] is None:
        return Text(f"none: {figure.get('reason', '')}", style="dim")
    number = readable(figure["value"], scale_of(path, figure.get("unit")))
    unit = unit_text(figure.get("unit"))
    notes = [f"n = {figure['n']:,}"] if figure["n"] else []
    notes += [f"p {p_text(figure['p_value'])}"] if figure.get("p_value") is not None else []
    notes += [status_text(figure["status"])] if figure["status"] != "ok" else []
    text = f"{number} {unit}".strip() + (f" ({', '.join(notes)})" if notes else "")
    return Text(text, style="" if figure["status"] == "ok" else "dim")


def _clock(text: str | None, zone: ZoneInfo) -> str:
    return "" if text is None else f"{parse_instant(text).astimezone(zone):%H:%M:%S}"
