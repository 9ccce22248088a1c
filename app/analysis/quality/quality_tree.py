"""What was found of a symbol's data as a tree: figures, notes, and a plain row for each session."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from app.analysis.document import Verdict
from app.analysis.findings import Basis, Finding, Node, Status, Tree
from app.analysis.quality.rule_figures import rule_figures
from app.analysis.quality.sessions import CountedSession


def quality_tree(
    sessions: Sequence[CountedSession],
    changed: Sequence[date],
    verdict: Verdict,
    reasons: Sequence[str],
    asof: datetime,
    source: str,
    unscheduled: Sequence[date] = (),
) -> Tree:
    """The tree of a source's data; `changed` are the days on which the contract changed, `unscheduled`
    those of files without a session."""
    basis = Basis(_window(sessions), asof)
    return {
        "verdict": verdict,
        "reasons": list(reasons),
        "notes": list(_notes(sessions, changed, unscheduled)),
        "sessions": _present(basis, sessions),
        "rules": rule_figures(basis, sessions, changed, source),
        "by_session": [_row(session) for session in sessions],
    }


def _window(sessions: Sequence[CountedSession]) -> str:
    if not sessions:
        return "no sessions"
    count = "1 session" if len(sessions) == 1 else f"{len(sessions):,} sessions"
    return f"{count}, {sessions[0].day} to {sessions[-1].day}"


def _notes(sessions: Sequence[CountedSession], changed: Sequence[date], unscheduled: Sequence[date]) -> Iterator[str]:
    for session in sessions:
        if session.is_cut:
            yield f"the session of {session.day} was not over: its ticks count up to the as-of"
    if changed:
        yield f"the contract changed on {', '.join(day.isoformat() for day in changed)}"
    if unscheduled:
        yield f"files of days without a session were left out: {', '.join(day.isoformat() for day in unscheduled)}"
    others: Counter[str] = Counter()
    for session in sessions:
        others.update(session.counts.others)
    for source, rows in sorted(others.items()):
        yield f"ticks of {source} that were left out: {rows:,}"


def _present(basis: Basis, sessions: Sequence[CountedSession]) -> Finding:
    method = "sessions with ticks, of those of the calendar that had begun"
    if not sessions:
        return basis.missing(0, method, "no session of the range had begun", unit="sessions")
    status: Status = "degraded_data" if any(_is_lacking(session) for session in sessions) else "ok"
    present = sum(session.rows > 0 for session in sessions)
    return basis.found(present, len(sessions), method, status=status, unit="sessions")


def _is_lacking(session: CountedSession) -> bool:
    return session.is_hole or session.known_by != "ticks"


def _row(session: CountedSession) -> dict[str, Node]:
    return {
        "day": session.day.isoformat(),
        "rows": session.rows,
        "coverage": round(session.coverage, 4),
        "longest_gap_s": round(session.counts.gap_us / 1_000_000, 1) if session.rows else None,
        "complete": not session.is_cut,
    }
