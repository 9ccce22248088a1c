"""Bars that are not what the ticks of their day give: found, so that they are made again."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.lake.layout import BARS, TICKS, TIMEFRAMES
from app.lake.manifest import list_files
from app.lake.models import LakeFile
from app.operations.lake_catalog import Partition, describe_days
from app.operations.lake_states import BROKEN, Context, closing_time, closing_times, lag_behind_ticks
from app.stores import Stores

_IS_BARS: Final = and_(LakeFile.kind == BARS, LakeFile.timeframe.in_(TIMEFRAMES))


def days_with_old_bars(stores: Stores, now: datetime) -> set[date]:
    """Trading days closed at `now` whose bars an export would mend: older than their ticks or than the session's
    close, or damaged as last seen. Costs half a second where the manifest has 20 years of eight symbols."""
    with stores.sessions() as session:
        suspects = _older_than_ticks(session)
        oldest = _oldest_by_day(session)
    closed = closing_times(stores, oldest, now)
    suspects = {day for day, close in closed.items() if day in suspects or oldest[day] < close}
    found = describe_days(stores, suspects, now) if suspects else {}
    return {day for day, partitions in found.items() if any(one.kind == BARS and one.mendable for one in partitions)}


def symbols_with_old_bars(
    stores: Stores, day: date, now: datetime, symbols: Collection[str] | None = None
) -> list[str]:
    """The symbols, of all by default, some of whose recorded bars the file of ticks as it is would mend; by name."""
    with stores.sessions() as session:
        # The calendar takes a second to load, which days without bars save.
        if not list_files(session, day, day + timedelta(days=1), BARS, symbols):
            return []
    closed_at = closing_time(stores, day, now)
    partitions = describe_days(stores, [day], now)[day]
    ticks = {one.symbol: one for one in partitions if one.kind == TICKS and one.file is not None}
    found = {
        one.symbol
        for one in partitions
        if one.kind == BARS
        and one.symbol in ticks
        and (symbols is None or one.symbol in symbols)
        and _would_change(one, ticks[one.symbol], closed_at)
    }
    return sorted(found)


def _would_change(bars: Partition, ticks: Partition, closed_at: datetime | None) -> bool:
    if bars.file is None or bars.timeframe not in TIMEFRAMES or ticks.state in BROKEN:
        return False
    context = Context(0, ticks.file, closed_at)
    return bars.state in BROKEN or lag_behind_ticks(bars.file, context) is not None


def _older_than_ticks(session: Session) -> set[date]:
    ticks = aliased(LakeFile)
    same = and_(ticks.session_date == LakeFile.session_date, ticks.symbol == LakeFile.symbol, ticks.kind == TICKS)
    old = or_(LakeFile.written_at < ticks.written_at, LakeFile.damage.is_not(None))
    query = select(LakeFile.session_date).join(ticks, same).where(_IS_BARS, old, ticks.damage.is_(None)).distinct()
    return set(session.scalars(query))


def _oldest_by_day(session: Session) -> dict[date, datetime]:
    query = select(LakeFile.session_date, func.min(LakeFile.written_at)).where(_IS_BARS)
    return dict(session.execute(query.group_by(LakeFile.session_date)).all())
