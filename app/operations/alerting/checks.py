"""How alerts and the ladder before the open stand, for readiness, `flask status` and metrics."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.alerts.models import Alert
from app.alerts.rules import SEVERITIES
from app.alerts.store import list_alerts
from app.operations.alerting.ladders import WATCHED, Climbing, present_ladders
from app.operations.health import Check
from app.stores import Stores

SHOWN: Final = 10


@dataclass(frozen=True)
class Standing:
    """Unresolved alerts by severity, each severity present, and how many of all of them nobody sees to."""

    by_severity: Mapping[str, int]
    unacknowledged: int

    def told(self) -> str:
        """A line for a person."""
        graver = [f"{self.by_severity[name]} {name}" for name in reversed(SEVERITIES) if self.by_severity[name]]
        if not graver:
            return "no alert is unresolved"
        return f"{', '.join(graver)}, of which nobody sees to {self.unacknowledged}: see `flask alerts`"


def count_alerts(session: Session) -> Standing:
    """How the unresolved alerts stand."""
    open_ = func.count().filter(Alert.acknowledged_at.is_(None))
    query = select(Alert.severity, func.count(), open_).where(Alert.resolved_at.is_(None)).group_by(Alert.severity)
    rows = session.execute(query).all()
    found = {severity: count for severity, count, _open in rows}
    return Standing({name: found.get(name, 0) for name in SEVERITIES}, sum(row[2] for row in rows))


def check_alerts(stores: Stores) -> Check:
    """How many alerts are unresolved: told, and always ok, because what makes Thor unready has a check of its own."""
    with stores.sessions() as session:
        standing = count_alerts(session)
    figures = {**standing.by_severity, "unacknowledged": standing.unacknowledged}
    return Check("alerts", True, standing.told(), figures)


def check_premarket(stores: Stores) -> Check:
    """How the ladders stand whose session is not over: told, and always ok, because quotes come in either case."""
    now = stores.clock.now()
    with stores.sessions() as session:
        ladders = present_ladders(stores, session, now)
    told = {one.subject: tell_ladder(one, now) for one in ladders}
    detail = "; ".join(f"{name}: {line}" for name, line in told.items()) or "no open is near that is prepared for"
    return Check("premarket", True, detail, {"verdicts": {one.subject: one.report.verdict for one in ladders}})


def ladder_figures(stores: Stores, now: datetime) -> dict[str, object]:
    """How each ladder stands whose session is not over, by market and day."""
    with stores.sessions() as session:
        ladders = present_ladders(stores, session, now)
    return {
        one.subject: {**{row.stage: row.status for row in one.stages}, "standing": tell_ladder(one, now)}
        for one in ladders
    }


def alert_figures(session: Session) -> dict[str, object]:
    """Unresolved alerts by severity, those that nobody sees to, what the latest of them say, and the worst if any."""
    standing, latest = count_alerts(session), list_alerts(session, unresolved=True, limit=SHOWN)
    found = {**standing.by_severity, "unacknowledged": standing.unacknowledged, "latest": tell_alerts(latest)}
    return {**found, "worst": tell_alerts(worst_alerts(session, 1))[0]} if latest else found


def worst_alerts(session: Session, limit: int) -> list[Alert]:
    """Unresolved alerts, the gravest first, of these the latest."""
    found: list[Alert] = []
    for severity in reversed(SEVERITIES):
        if (room := limit - len(found)) > 0:
            found += list_alerts(session, unresolved=True, severity=severity, limit=room)
    return found


def tell_alerts(alerts: Iterable[Alert]) -> list[str]:
    """A line for each, with how grave it is."""
    return [f"{one.severity}: {one.detail}" for one in alerts]


def tell_ladder(ladder: Climbing, now: datetime) -> str:
    """How a ladder stands, in a line: its verdict with the reasons, else the stage that is due, or comes next."""
    row = ladder.report
    if row.verdict is not None:
        return ": ".join(filter(None, (row.verdict, "; ".join(row.reasons))))
    at_work = next((one for one in ladder.stages if one.done_at is None), None)
    if at_work is None:
        return "no verdict yet"
    if at_work.status == "planned" and at_work.planned_at > now:
        return f"{at_work.stage} is planned at {at_work.planned_at:%H:%M} UTC"
    late_s = (now - at_work.deadline_at).total_seconds()
    return f"{at_work.stage} is {at_work.status}{f', late by {late_s:.0f} s' if late_s > 0 else ''}"


def late_seconds(ladders: Sequence[Climbing], now: datetime) -> dict[tuple[str, ...], float]:
    """By market and stage, how long after its deadline a stage ended, or is not done; 0 in time.

    Of a ladder that has not come so far yet nothing is told: that of the day before is the newest.
    """
    found: dict[tuple[str, ...], float] = {}
    for ladder in ladders:
        for row in ladder.stages:
            if row.stage in WATCHED and row.planned_at <= now:
                waits_s = (now - row.deadline_at).total_seconds() if row.done_at is None else float(row.late_s or 0)
                found[row.market, row.stage] = max(0.0, waits_s)
    return found
