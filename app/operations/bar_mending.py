"""Bars that are not what the ticks of their day give: found, so that they are made again."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.instruments.hours import closing_market, last_closes
from app.lake.layout import BARS, TICKS, TIMEFRAMES
from app.lake.manifest import list_files
from app.lake.models import LakeFile
from app.operations.lake_catalog import Partition, describe_days
from app.operations.lake_states import BROKEN, Context, closing_time, lag_behind_ticks
from app.stores import Stores

_IS_BARS: Final = and_(LakeFile.kind == BARS, LakeFile.timeframe.in_(TIMEFRAMES))


def find_old_bars(stores: Stores, now: datetime) -> set[tuple[date, str]]:
    """Trading days and symbols closed at `now` whose bars an export would mend: older than their ticks or than their
    session's close, or damaged as last seen.

    Costs half a second where the manifest has 20 years of eight symbols.
    """
    with stores.sessions() as session:
        suspects = _older_than_ticks(session) | _older_than_close(stores, session)
    days = {day for day, symbol in suspects if closing_time(stores, symbol, day, now) is not None}
    found = describe_days(stores, days, now) if days else {}
    return {
        (one.day, one.symbol)
        for partitions in found.values()
        for one in partitions
        if one.kind == BARS and one.mendable and closing_time(stores, one.symbol, one.day, now) is not None
    }


def symbols_with_old_bars(
    stores: Stores, day: date, now: datetime, symbols: Collection[str] | None = None
) -> list[str]:
    """The symbols, of all by default, some of whose recorded bars the file of ticks as it is would mend; by name."""
    with stores.sessions() as session:
        # The calendar takes a second to load, which days without bars save.
        if not list_files(session, day, day + timedelta(days=1), BARS, symbols):
            return []
    partitions = describe_days(stores, [day], now)[day]
    ticks = {one.symbol: one for one in partitions if one.kind == TICKS and one.file is not None}
    found = {
        one.symbol
        for one in partitions
        if one.kind == BARS
        and one.symbol in ticks
        and (symbols is None or one.symbol in symbols)
        and _would_change(one, ticks[one.symbol], closing_time(stores, one.symbol, day, now))
    }
    return sorted(found)


def _would_change(bars: Partition, ticks: Partition, closed_at: datetime | None) -> bool:
    if bars.file is None or bars.timeframe not in TIMEFRAMES or ticks.state in BROKEN:
        return False
    context = Context(0, ticks.file, closed_at)
    return bars.state in BROKEN or lag_behind_ticks(bars.file, context) is not None


def _older_than_ticks(session: Session) -> set[tuple[date, str]]:
    ticks = aliased(LakeFile)
    same = and_(ticks.session_date == LakeFile.session_date, ticks.symbol == LakeFile.symbol, ticks.kind == TICKS)
    old = or_(LakeFile.written_at < ticks.written_at, LakeFile.damage.is_not(None))
    query = select(LakeFile.session_date, LakeFile.symbol).join(ticks, same)
    found = session.execute(query.where(_IS_BARS, old, ticks.damage.is_(None)).distinct())
    return {(day, symbol) for day, symbol in found}


def _older_than_close(stores: Stores, session: Session) -> set[tuple[date, str]]:
    # By symbol only where a group that closes later than others leaves a doubt: on most days none does.
    day = LakeFile.session_date
    oldest = dict(session.execute(select(day, func.min(LakeFile.written_at)).where(_IS_BARS).group_by(day)).all())
    closes = last_closes(stores.markets, min(oldest), max(oldest)) if oldest else {}
    doubtful = [at for at, written_at in oldest.items() if at in closes and written_at < closes[at]]
    query = select(day, LakeFile.symbol, func.min(LakeFile.written_at)).where(_IS_BARS, day.in_(doubtful))
    found = session.execute(query.group_by(day, LakeFile.symbol)).all() if doubtful else []
    return {(at, symbol) for at, symbol, written_at in found if _is_early(stores, symbol, at, written_at)}


def _is_early(stores: Stores, symbol: str, day: date, written_at: datetime) -> bool:
    hours = closing_market(stores.markets, symbol, day).session(day)
    return hours is not None and written_at < hours.close
