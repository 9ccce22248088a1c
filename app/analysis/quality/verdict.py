"""From what was counted to the verdict: ok, degraded where figures hold with care, reject where none does."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from app.analysis.document import Verdict
from app.analysis.quality.divergence import APART_TICKS
from app.analysis.quality.rules import broken_by_day, checked_rules, share_broken
from app.analysis.quality.sessions import CountedSession

# With one session of five missing, volatility and trend are those of another range than the one that is named.
MOST_HOLES: Final = 0.2
# A session with fewer minutes has too few five-minute returns for a realised volatility.
FULL_COVERAGE: Final = 0.8
# With more minutes without a tick than with one, a bar says when a feed was on, not what the market did.
LEAST_COVERAGE: Final = 0.5
MOST_THIN: Final = 0.5
# In regular hours an index future trades every second; at night a quiet one may rest for long.
LONGEST_REGULAR_GAP_S: Final = 5 * 60
LONGEST_GAP_S: Final = 60 * 60
# What weeks ago was missing or paused changes no figure of a month; in the newest session it may be what is traded on.
MOST_PAUSED: Final = 0.05
# A feed that hangs repeats its last quote.
LONGEST_STALE_S: Final = 30 * 60
APART_CARE: Final = 0.01
APART_LIMIT: Final = 0.2
_NAMED_DAYS: Final = 5
_RANK: Final[tuple[Verdict, ...]] = ("ok", "degraded", "reject")
Fault = tuple[Verdict, str]


def judge(sessions: Sequence[CountedSession], source: str) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict on a source's ticks and the reasons for it, the gravest first; none when it is ok."""
    if not any(session.rows for session in sessions):
        return "reject", (f"there are no ticks of {source} (sessions of the calendar: {len(sessions)})",)
    found = [
        *_misfiled(sessions),
        *_unrecorded(sessions),
        *_holes(sessions, source),
        *_unread(sessions),
        *_thin(sessions),
        *_broken_rules(sessions, source),
        *_gaps(sessions),
        *_apart(sessions),
    ]
    found.sort(key=lambda fault: -_RANK.index(fault[0]))
    return (found[0][0] if found else "ok"), tuple(sentence for _, sentence in found)


def compared(sessions: Sequence[CountedSession]) -> tuple[int, int, float]:
    """Minutes in which two live sources can be compared, those in which they are apart, the most in ticks."""
    found = [session.counts.divergence for session in sessions if session.counts.divergence]
    largest = max((one.largest for one in found), default=0.0)
    return sum(one.minutes for one in found), sum(one.apart for one in found), largest


def unrecorded_days(sessions: Sequence[CountedSession]) -> list[date]:
    """The days whose file does not have as many rows as its publisher recorded."""
    return [session.day for session in sessions if session.recorded_rows not in (None, session.counts.file_rows)]


def _misfiled(sessions: Sequence[CountedSession]) -> Iterator[Fault]:
    for name, what in (("wrong_symbol", "another symbol"), ("wrong_day", "another trading day")):
        wrong = {session.day: getattr(session.counts, name) for session in sessions}
        if any(wrong.values()):
            days = [day for day, rows in wrong.items() if rows]
            yield "reject", f"{sum(wrong.values()):,} rows are of {what} than their file: {_named(days)}"


def _unrecorded(sessions: Sequence[CountedSession]) -> Iterator[Fault]:
    if days := unrecorded_days(sessions):
        yield "reject", f"{_files(len(days))} not as many rows as were recorded: {_named(days)}"


def _holes(sessions: Sequence[CountedSession], source: str) -> Iterator[Fault]:
    ended = [session for session in sessions if not session.is_cut]
    holes = [session.day for session in ended if session.is_hole]
    if _matters(holes, ended):
        verdict: Verdict = "reject" if len(holes) > MOST_HOLES * len(ended) else "degraded"
        yield verdict, f"{len(holes)} of {len(ended)} sessions have no ticks of {source}: {_named(holes)}"


def _unread(sessions: Sequence[CountedSession]) -> Iterator[Fault]:
    for known_by, what in (("bars", "are known by their bars alone"), ("nothing", "were damaged or lost and left out")):
        days = [session.day for session in sessions if session.known_by == known_by]
        if _matters(days, sessions):
            yield "degraded", f"{len(days)} of {len(sessions)} sessions {what}: {_named(days)}"


def _thin(sessions: Sequence[CountedSession]) -> Iterator[Fault]:
    with_ticks = [session for session in sessions if session.rows]
    thinnest = [session for session in with_ticks if session.coverage < LEAST_COVERAGE]
    is_most = len(thinnest) > MOST_THIN * len(with_ticks)
    least = LEAST_COVERAGE if is_most else FULL_COVERAGE
    if thin := [session for session in with_ticks if session.coverage < least]:
        lowest = min(session.coverage for session in thin)
        days = _named([session.day for session in thin])
        yield (
            "reject" if is_most else "degraded",
            f"{len(thin)} of {len(with_ticks)} sessions have a tick in less than {100 * least:.0f} % of their minutes, "
            f"as little as {100 * lowest:.1f} %: {days}",
        )


def _broken_rules(sessions: Sequence[CountedSession], source: str) -> Iterator[Fault]:
    rows = sum(session.checked_rows for session in sessions)
    for rule in checked_rules(source):
        broken = broken_by_day(rule, sessions)
        share = share_broken(broken, rows)
        if share > rule.care:
            worst = max(broken, key=lambda day: broken[day])
            yield (
                "reject" if rule.limit is not None and share > rule.limit else "degraded",
                f"{sum(broken.values()):,} of {rows:,} ticks ({100 * share:.3g} %) {rule.what}, "
                f"{broken[worst]:,} of them on {worst}",
            )


def _gaps(sessions: Sequence[CountedSession]) -> Iterator[Fault]:
    yield from _too_long(sessions, "regular_gap_us", LONGEST_REGULAR_GAP_S, "have no tick in regular hours")
    yield from _too_long(sessions, "gap_us", LONGEST_GAP_S, "have no tick")
    read = [session for session in sessions if session.known_by == "ticks"]
    yield from _too_long(read, "stale_us", LONGEST_STALE_S, "repeat one and the same quote")


def _too_long(sessions: Sequence[CountedSession], name: str, most_s: int, what: str) -> Iterator[Fault]:
    spans = {session.day: (getattr(session.counts, name) or 0) / 1_000_000 for session in sessions if session.rows}
    long = {day: span for day, span in spans.items() if span > most_s}
    if _matters(list(long), [session for session in sessions if session.rows]):
        yield (
            "degraded",
            f"{len(long)} of {len(spans)} sessions {what} for more than {most_s // 60} min, at most "
            f"{max(long.values()) / 60:,.1f} min: {_named(list(long))}",
        )


def _matters(days: Sequence[date], among: Sequence[CountedSession]) -> bool:
    """Whether what happened on some days is the newest of the sessions, or more than one of twenty."""
    return bool(days) and (len(days) > MOST_PAUSED * len(among) or max(one.day for one in among) in days)


def _apart(sessions: Sequence[CountedSession]) -> Iterator[Fault]:
    minutes, apart, largest = compared(sessions)
    if minutes and apart / minutes > APART_CARE:
        yield (
            "reject" if apart / minutes > APART_LIMIT else "degraded",
            f"EXCEL and SCHWAB are more than {APART_TICKS} ticks apart in {apart:,} of {minutes:,} minutes "
            f"({100 * apart / minutes:.3g} %), by up to {largest:,.1f} ticks",
        )


def _files(count: int) -> str:
    return "1 file has" if count == 1 else f"{count} files have"


def _named(days: Sequence[date]) -> str:
    told = ", ".join(day.isoformat() for day in days[:_NAMED_DAYS])
    rest = len(days) - _NAMED_DAYS
    return f"{told} and {rest} more" if rest > 0 else told
