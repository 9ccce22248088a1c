"""The stages of the ladder, each worked at once. Nothing here commits."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, case, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.premarket.definition import STAGES, Climb, Stage, StageKey
from app.premarket.models import PremarketReport, PremarketStage

Ending = Literal["done", "failed", "skipped"]
# In a stage's detail: when its analyses were asked for.
PREPARED: Final = "prepared_at"
ENDED: Final = ("done", "late", "failed", "skipped")


def plan_climb(session: Session, climb: Climb) -> bool:
    """Record the ladder of a day, unless it is known; whether it was not. Stages that have not begun, and a report that
    is not made, follow the calendar where it has changed."""
    key = {"market": climb.market, "session_date": climb.day}
    report = insert(PremarketReport).values({**key, "opens_at": climb.opens_at})
    is_new = session.scalar(report.on_conflict_do_nothing().returning(PremarketReport.market)) is not None
    moved = (PremarketReport.opens_at != climb.opens_at, PremarketReport.made_at.is_(None))
    session.execute(update(PremarketReport).filter_by(**key).where(*moved).values(opens_at=climb.opens_at))
    for stage, planned_at, deadline_at in climb.rungs:
        times = {"planned_at": planned_at, "deadline_at": deadline_at}
        session.execute(insert(PremarketStage).values({**key, "stage": stage, **times}).on_conflict_do_nothing())
        differs = or_(PremarketStage.planned_at != planned_at, PremarketStage.deadline_at != deadline_at)
        waits = (PremarketStage.status == "planned", differs)
        session.execute(update(PremarketStage).filter_by(**key, stage=stage).where(*waits).values(times))
    return is_new


def stages_of(session: Session, market: str, day: date) -> list[PremarketStage]:
    """The stages of a day's ladder in their order; none when it was never planned."""
    return stages_of_days(session, market, [day])[day]


def stages_of_days(session: Session, market: str, days: Collection[date]) -> dict[date, list[PremarketStage]]:
    """The stages of the ladder of each day, as `stages_of`."""
    query = select(PremarketStage).where(PremarketStage.market == market, PremarketStage.session_date.in_(days))
    found: dict[date, list[PremarketStage]] = {day: [] for day in days}
    for row in session.scalars(query.execution_options(populate_existing=True)):
        found[row.session_date].append(row)
    return {day: sorted(rows, key=lambda row: STAGES.index(stage_named(row.stage))) for day, rows in found.items()}


def find_stage(session: Session, key: StageKey, *, lock: bool = False) -> PremarketStage | None:
    """A stage; None when it was never planned. With `lock` nobody else changes it until the transaction ends."""
    query = select(PremarketStage).where(*_is(key)).execution_options(populate_existing=True)
    return session.scalar(query.with_for_update() if lock else query)


def unfinished_days(session: Session) -> list[tuple[str, date]]:
    """The markets and days whose ladders have stages that have not ended, the oldest first."""
    days = (PremarketStage.market, PremarketStage.session_date)
    query = select(*days).where(PremarketStage.done_at.is_(None)).distinct().order_by(days[1], days[0])
    return [(market, day) for market, day in session.execute(query)]


def start_stage(session: Session, key: StageKey, now: datetime, asof: datetime) -> bool:
    """Begin a stage that is planned, with the knowledge of `asof`; False when it has begun, or ended, before."""
    begun = update(PremarketStage).where(*_is(key), PremarketStage.status == "planned")
    values = {"status": "started", "started_at": now, "asof": asof}
    return session.scalar(begun.values(values).returning(PremarketStage.market)) is not None


def note_stage(
    session: Session,
    key: StageKey,
    *,
    jobs: Mapping[str, int] | None = None,
    reasons: Sequence[str] | None = None,
    detail: Mapping[str, Any] | None = None,
) -> bool:
    """Keep what is known of a stage that is worked at, in the place of what was kept before; False when it is not."""
    told: dict[str, Any] = {"jobs": jobs, "reasons": reasons, "detail": detail}
    values = {name: value for name, value in told.items() if value is not None}
    noted = update(PremarketStage).where(*_is(key), PremarketStage.status == "started").values(values)
    return session.scalar(noted.returning(PremarketStage.market)) is not None


def end_stage(
    session: Session,
    key: StageKey,
    now: datetime,
    ending: Ending,
    *,
    reasons: Sequence[str] = (),
    detail: Mapping[str, Any] | None = None,
) -> bool:
    """End a stage for good, as `late` where it is done after its deadline; False, and nothing changed, when it has
    ended before. Only a stage that has not begun can be skipped, and only one that has can be done or fail."""
    late_s = func.greatest(0, func.ceil(func.extract("epoch", now - PremarketStage.deadline_at)))
    is_late = PremarketStage.deadline_at < now
    values: dict[str, Any] = {
        "status": case((is_late, "late"), else_="done") if ending == "done" else ending,
        "done_at": now,
        "late_s": late_s,
        "reasons": list(reasons),
    }
    if detail is not None:
        values["detail"] = dict(detail)
    was = "planned" if ending == "skipped" else "started"
    ended = update(PremarketStage).where(*_is(key), PremarketStage.status == was).values(values)
    return session.scalar(ended.returning(PremarketStage.market)) is not None


def key_of(row: PremarketStage) -> StageKey:
    """Which stage a row is."""
    return StageKey(row.market, row.session_date, stage_named(row.stage))


def stage_named(name: str) -> Stage:
    """A stage by its name; ValueError for a name that is none's."""
    if name not in STAGES:
        raise ValueError(f"{name!r} is no stage")
    return name


def _is(key: StageKey) -> tuple[ColumnElement[bool], ...]:
    return (
        PremarketStage.market == key.market,
        PremarketStage.session_date == key.day,
        PremarketStage.stage == key.stage,
    )
