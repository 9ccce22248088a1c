"""The counts of a session's tick file: one pass over the ticks of a source, in the order of the file.

What is rare costs a pass of its own where there is a sign of it: several sources or contracts, and prices that jump.
A file that turns out to be out of order is sorted, and counted again.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import duckdb

from app.analysis.quality.counts import SessionCounts
from app.analysis.quality.divergence import LIVE_PAIR, measure_divergence
from app.analysis.quality.file_scan import AS_WRITTEN, SORTED, FileScan, Scope
from app.analysis.quality.spikes import count_spikes
from app.analysis.quality.tick_pass import pass_over
from app.market.sessions import Session
from app.market.timetable import micros_of

_ROWS: Final = "SELECT count(*) AS file_rows, {known} AS known_rows FROM {rows}"
# How many rows a whole file has is known without reading its times.
_ALL: Final = "count(*)"
_BEFORE: Final = "count(*) FILTER (epoch_us(ts) < $until)"
_CENSUS: Final = """
SELECT source, count(*) AS rows, count(*) FILTER (symbol <> $symbol) AS wrong_symbol,
    count(*) FILTER (session_date <> $day) AS wrong_day
FROM {rows} WHERE epoch_us(ts) < $until GROUP BY source ORDER BY source
"""
_NEWEST: Final = "SELECT max(epoch_us(ts)) AS newest_us FROM {rows}"
_RUNS: Final = """
SELECT min(contract), min(us), max(us) FROM (
    SELECT contract, us, count(*) FILTER (WHERE is_new) OVER ({order} ROWS UNBOUNDED PRECEDING) AS run
    FROM (
        SELECT *, contract IS DISTINCT FROM lag(contract) OVER ({order}) AS is_new
        FROM ({ticks} AND contract IS NOT NULL)
    )
) GROUP BY run ORDER BY run
"""


_SIGNS: Final = ("oldest", "newest", "contract", "several", "jumps")


def count_file(connection: duckdb.DuckDBPyConnection, path: Path, scope: Scope) -> SessionCounts:
    """The counts of a file; DuckDB reports what damage does to it. The connection must have one thread.

    Gaps reach up to the close or `until`. A run of unchanged quotes lasts from its first tick to its last.
    """
    scan = FileScan(connection, path, scope)
    (file,) = scan.ask(_ROWS, known=_ALL if scope.until is None else _BEFORE)
    # What came after `until` may not decide which ticks are sampled.
    known_rows = file.pop("known_rows")
    order = AS_WRITTEN
    found = pass_over(scan, order, known_rows)
    if unordered := found["out_of_order"]:
        order = SORTED
        found = {**pass_over(scan, order, known_rows), "out_of_order": unordered}
    signs = {name: found.pop(name) for name in _SIGNS}
    if found["rows"] != file["file_rows"]:
        file.update(_census(scan))
    if not found["rows"]:
        return SessionCounts(**file)
    found.update(_looked_into(scan, order, signs, has_nulls=found["missing_price"] > 0))
    found.update(_open_ends(scan.scope, found, signs["newest"]))
    return SessionCounts(**{"newest_us": signs["newest"], **found, **file})


def _census(scan: FileScan) -> dict[str, Any]:
    census = scan.ask(_CENSUS)
    by_source = {row["source"]: row["rows"] for row in census}
    told: dict[str, Any] = {
        "others": {source: rows for source, rows in by_source.items() if source != scan.scope.source},
        "wrong_symbol": sum(row["wrong_symbol"] for row in census),
        "wrong_day": sum(row["wrong_day"] for row in census),
        **scan.ask(_NEWEST)[0],
    }
    if scan.scope.tick is not None and by_source.keys() >= LIVE_PAIR:
        told["divergence"] = measure_divergence(scan, scan.scope.tick)
    return told


def _looked_into(scan: FileScan, order: str, signs: Mapping[str, Any], *, has_nulls: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"contracts": ()}
    if signs["several"]:
        told["contracts"] = tuple(tuple(row.values()) for row in scan.ask(_RUNS, order=order))
    elif signs["contract"] is not None:
        told["contracts"] = ((signs["contract"], signs["oldest"], signs["newest"]),)
    # A tick without a price may stand between a jump and what it jumped from.
    if signs["jumps"] or has_nulls:
        told["spikes"] = count_spikes(scan, order)
    return told


def _open_ends(scope: Scope, found: Mapping[str, Any], newest: int) -> dict[str, int]:
    told = {"gap_us": max(found["gap_us"], _after(scope, scope.hours, newest))}
    if scope.regular is not None:
        told["regular_gap_us"] = max(found["regular_gap_us"], _after(scope, scope.regular, newest))
    return told


def _after(scope: Scope, hours: Session, newest: int) -> int:
    return micros_of(scope.end_of(hours)) - max(newest, micros_of(hours.open))
