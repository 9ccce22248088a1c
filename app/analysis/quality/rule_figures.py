"""A figure for each rule of data quality."""

from collections.abc import Sequence
from datetime import date
from statistics import median
from typing import Final

from app.analysis.findings import Basis, Finding, Status
from app.analysis.quality.divergence import APART_TICKS
from app.analysis.quality.rules import NOT_OF_REPLAYS, REPLAYED, TICK_RULES, TickRule, broken_by_day, share_broken
from app.analysis.quality.sessions import CountedSession
from app.analysis.quality.verdict import (
    APART_CARE,
    FULL_COVERAGE,
    LONGEST_GAP_S,
    LONGEST_REGULAR_GAP_S,
    LONGEST_STALE_S,
    compared,
    unrecorded_days,
)

_AT_REPLAY: Final = "a replay is received when it is replayed, not when it happened"
_SPANS: Final = (
    ("longest_gap", "gap_us", LONGEST_GAP_S, "longest time of a session without a tick, its ends included"),
    ("longest_regular_gap", "regular_gap_us", LONGEST_REGULAR_GAP_S, "longest time of regular hours without a tick"),
    ("longest_stale_run", "stale_us", LONGEST_STALE_S, "longest run of ticks that repeat prices, sizes and volume"),
)
_MEDIAN: Final = 0
_DELAYS: Final = (
    ("received_median", "received_us", 0, "median of the sessions' medians of the time from a tick to its receipt"),
    ("received_p99", "received_us", 1, "greatest of the sessions' 99th percentiles of the time to receipt"),
    ("stored_median", "stored_us", 0, "median of the sessions' medians of the time from a tick to its storage"),
    ("stored_p99", "stored_us", 1, "greatest of the sessions' 99th percentiles of the time to storage"),
)


def rule_figures(
    basis: Basis, sessions: Sequence[CountedSession], changed: Sequence[date], source: str
) -> dict[str, Finding]:
    """The figures by name: what was counted of how many, spans in seconds, delays in milliseconds."""
    counted = [session for session in sessions if session.rows]
    return {
        **{rule.name: _tick_rule(basis, rule, counted, source) for rule in TICK_RULES},
        **_places(basis, sessions),
        "coverage": _coverage(basis, counted),
        **{name: _span(basis, counted, field, most_s, method) for name, field, most_s, method in _SPANS},
        **{name: _delay(basis, counted, source, field, place, method) for name, field, place, method in _DELAYS},
        **_divergence(basis, sessions),
        "contract_changes": _changes(basis, counted, changed),
    }


def _tick_rule(basis: Basis, rule: TickRule, counted: Sequence[CountedSession], source: str) -> Finding:
    method = f"ticks that {rule.what}" + (f", after {rule.reference}" if rule.reference else "")
    rows = sum(session.checked_rows for session in counted)
    broken = broken_by_day(rule, counted)
    if not rows:
        return basis.missing(0, method, _nothing_checked(counted), unit="ticks")
    if source == REPLAYED and rule.name in NOT_OF_REPLAYS:
        return basis.missing(rows, method, _AT_REPLAY, unit="ticks")
    if not broken:
        return basis.missing(rows, method, "the size of a tick is not known", unit="ticks")
    status = _status(share_broken(broken, rows) > rule.care)
    return basis.found(sum(broken.values()), rows, method, status=status, unit="ticks")


def _places(basis: Basis, sessions: Sequence[CountedSession]) -> dict[str, Finding]:
    rows = sum(session.checked_rows + sum(session.counts.others.values()) for session in sessions)
    told: dict[str, Finding] = {}
    for name, what in (("wrong_symbol", "another symbol"), ("wrong_day", "another trading day")):
        wrong = sum(getattr(session.counts, name) for session in sessions)
        method = f"rows, of all sources, of {what} than the place of their file"
        told[name] = (
            basis.found(wrong, rows, method, status=_status(wrong > 0), unit="rows")
            if rows
            else basis.missing(0, method, "there are no rows", unit="rows")
        )
    method = "files with another number of rows than was recorded"
    recorded = sum(session.recorded_rows is not None for session in sessions)
    if recorded:
        wrong = len(unrecorded_days(sessions))
        told["row_count"] = basis.found(wrong, recorded, method, status=_status(wrong > 0), unit="files")
    else:
        told["row_count"] = basis.missing(0, method, "no file has a recorded number of rows", unit="files")
    return told


def _coverage(basis: Basis, counted: Sequence[CountedSession]) -> Finding:
    method = "share of the minutes with a tick, in sessions that have any"
    expected = sum(session.expected_minutes for session in counted)
    if not expected:
        return basis.missing(0, method, "there are no ticks")
    share = sum(session.counts.minutes for session in counted) / expected
    return basis.found(share, expected, method, status=_status(share < FULL_COVERAGE))


def _span(basis: Basis, counted: Sequence[CountedSession], field: str, most_s: int, method: str) -> Finding:
    told = [session for session in counted if field != "stale_us" or session.checked_rows]
    spans = [span for session in told if (span := getattr(session.counts, field)) is not None]
    if not spans:
        reason = "no regular hours were given" if told else _nothing_checked(counted)
        return basis.missing(len(counted), method, reason, unit="s")
    longest = max(spans) / 1_000_000
    return basis.found(longest, len(spans), method, status=_status(longest > most_s), unit="s")


def _delay(
    basis: Basis, counted: Sequence[CountedSession], source: str, field: str, place: int, method: str
) -> Finding:
    found = [pair[place] for session in counted if (pair := getattr(session.counts, field))]
    if source == REPLAYED or not found:
        reason = _AT_REPLAY if source == REPLAYED else _nothing_checked(counted)
        return basis.missing(len(found), method, reason, unit="ms")
    value = median(found) if place == _MEDIAN else max(found)
    return basis.found(value / 1_000, len(found), method, unit="ms")


def _divergence(basis: Basis, sessions: Sequence[CountedSession]) -> dict[str, Finding]:
    minutes, apart, largest = compared(sessions)
    method = f"share of the minutes in which the last middles of EXCEL and SCHWAB are over {APART_TICKS} ticks apart"
    most = "greatest distance of the last middles of EXCEL and SCHWAB in a minute"
    if not minutes:
        reason = "there is no minute in which both quote, or the size of a tick is not known"
        return {
            "divergence": basis.missing(0, method, reason),
            "largest_divergence": basis.missing(0, most, reason, unit="ticks"),
        }
    share = apart / minutes
    return {
        "divergence": basis.found(share, minutes, method, status=_status(share > APART_CARE)),
        "largest_divergence": basis.found(largest, minutes, most, unit="ticks"),
    }


def _changes(basis: Basis, counted: Sequence[CountedSession], changed: Sequence[date]) -> Finding:
    method = "trading days on which the contract changed"
    if not counted:
        return basis.missing(0, method, "there are no ticks", unit="days")
    return basis.found(len(changed), len(counted), method, unit="days")


def _nothing_checked(counted: Sequence[CountedSession]) -> str:
    return "all sessions are known by their bars alone" if counted else "there are no ticks"


def _status(is_degraded: bool) -> Status:
    return "degraded_data" if is_degraded else "ok"
