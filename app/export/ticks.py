"""Ticks of a trading day from the database to the lake, symbol by symbol."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session, sessionmaker

from app.export.merging import merge_day
from app.export.parallel import in_order, symbols_at_once
from app.export.plan import NO_OPTIONS, Action, ExportOptions, SymbolPlan, plan_day, plan_symbol
from app.history.hot_ticks import stream_ticks
from app.lake.facts import FileFacts
from app.lake.files import publish
from app.lake.layout import TICKS, Lake
from app.lake.locks import LOCK_WAIT_S, file_lock
from app.lake.manifest import record_file, time_after_bars
from app.lake.schemas import TICK_FILE
from app.ticks.partitions import PartitionAbsent
from app.ticks.reading import count_by_symbol

Sessions = sessionmaker[Session]


@dataclass(frozen=True, slots=True)
class SymbolExport:
    """What happened to one symbol; `facts` describe the file that was written, None when none was.

    `merged` is how many late ticks were new to the file of a purged day, None where nothing was merged.
    """

    plan: SymbolPlan
    facts: FileFacts | None
    merged: int | None = None

    @property
    def written(self) -> int:
        """How many ticks the lake gained, or got again."""
        return self.merged if self.merged is not None else self.facts.rows if self.facts else 0


@dataclass(frozen=True, slots=True)
class DayExport:
    """What happened to a trading day: one entry per symbol with stored ticks."""

    day: date
    symbols: tuple[SymbolExport, ...]

    def counts(self) -> dict[str, int]:
        """Ticks, files and bytes written, and how many files were skipped, stale or kept."""
        written = [done.facts for done in self.symbols if done.facts]
        left = [done.plan.action for done in self.symbols if not done.facts]
        return {
            "ticks": sum(done.written for done in self.symbols),
            "files": len(written),
            "bytes": sum(facts.bytes for facts in written),
            "skipped": left.count(Action.SKIP),
            "stale": left.count(Action.STALE),
            "kept": left.count(Action.KEEP),
        }


def export_day(
    sessions: Sessions, lake: Lake, day: date, now: datetime, options: ExportOptions = NO_OPTIONS
) -> DayExport:
    """Write a trading day's ticks to the lake; a run after an interrupted one goes on where that one stopped.

    Each symbol's file is published whole and recorded before the next is begun. Errors are those of `plan_day` and
    `export_symbol`; a day without ticks, or whose late ticks another process merges meanwhile, is an export without
    symbols.
    """
    with sessions() as session:
        plans = plan_day(session, lake, day, options)
    return DayExport(day, tuple(export_symbols(sessions, lake, plans, now, options)))


def export_symbols(
    sessions: Sessions,
    lake: Lake,
    plans: Iterable[SymbolPlan],
    now: datetime,
    options: ExportOptions,
    at_once: int | None = None,
) -> Iterator[SymbolExport]:
    """Carry out plans in their order, begun as they are asked for; those of a purged day together.

    As many at a time as the cores allow, unless told how many.
    """
    plans = list(plans)
    if late := [plan for plan in plans if plan.action is Action.MERGE]:
        yield from _merge(sessions, lake, late, now)
    rest = [plan for plan in plans if plan.action is not Action.MERGE]
    yield from in_order(lambda plan: _carry_out(sessions, lake, plan, now, options), rest, at_once or symbols_at_once())


def export_symbol(
    sessions: Sessions,
    lake: Lake,
    plan: SymbolPlan,
    now: datetime,
    options: ExportOptions,
    lock_wait_s: float = LOCK_WAIT_S,
) -> SymbolExport:
    """Write one symbol's file, unless another process did so since the plan was made, or purged the day.

    Conflict when another process writes it for over `lock_wait_s` seconds; Unavailable when the disk or
    the database fails. Until the new file is whole the old one, or none, is in its place.
    """
    with file_lock(sessions, plan.day, plan.symbol, lock_wait_s) as still_held:
        plan = _renewed(sessions, lake, plan, options)
        if plan.action is not Action.WRITE:
            return SymbolExport(plan, None)
        target = lake.ticks_file(plan.day, plan.symbol)
        if options.recorded:
            with sessions() as session:
                now = time_after_bars(session, plan.day, [plan.symbol], now)
        with sessions() as session, closing(stream_ticks(session, plan.day, plan.symbol)) as batches:
            facts = publish(
                lake,
                target,
                TICK_FILE,
                batches,
                day=plan.day,
                symbol=plan.symbol,
                taken_at=now,
                guard=still_held,
            )
        if options.recorded:
            with sessions.begin() as session:
                record_file(session, TICKS, plan.day, plan.symbol, lake.relative(target), facts, now)
    return SymbolExport(replace(plan, rows=facts.rows), facts)


def _carry_out(sessions: Sessions, lake: Lake, plan: SymbolPlan, now: datetime, options: ExportOptions) -> SymbolExport:
    if plan.action is Action.WRITE:
        return export_symbol(sessions, lake, plan, now, options)
    return SymbolExport(plan, None)


def _merge(sessions: Sessions, lake: Lake, plans: Sequence[SymbolPlan], now: datetime) -> Iterator[SymbolExport]:
    made = {plan.symbol: plan for plan in plans}
    try:
        done = merge_day(sessions, lake, plans[0].day, now)
    except PartitionAbsent:
        return  # Another process merged them since they were planned.
    for merged in done:
        plan = made.get(merged.symbol, SymbolPlan(plans[0].day, merged.symbol, Action.MERGE, merged.late, None))
        yield SymbolExport(replace(plan, rows=merged.late), merged.facts, merged.added)


def _renewed(sessions: Sessions, lake: Lake, plan: SymbolPlan, options: ExportOptions) -> SymbolPlan:
    with sessions() as session:
        found = plan_symbol(session, lake, plan.day, plan.symbol, plan.rows, options)
        if found.standing == plan.standing:
            return found
        rows = count_by_symbol(session, plan.day).get(plan.symbol, 0)
        return plan_symbol(session, lake, plan.day, plan.symbol, rows, options)
