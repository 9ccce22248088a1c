"""Jobs and exports of two hosts; the host that is at one is gone in the middle of it."""

import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import numpy as np
import pyarrow.parquet as pq
from sqlalchemy import func, select, text

from app.instruments.hours import closing_market
from app.jobs.models import AnalysisJob, AnalysisResult
from app.jobs.service import FINISHED
from app.lake.manifest import list_files
from app.market.markets import market
from tests.analyses import ask
from tests.faults.harness.site import Site
from tests.faults.scenario import Outcome
from tests.made_lakes import minute_ticks, put
from workers.dispatch import CeleryDispatch, make_celery

SYMBOLS: Final = ("ES", "NQ")
START, END = date(2025, 6, 2), date(2025, 9, 30)
MARKET: Final = "CME_Futures"
_EXPORTS: Final = text("""
SELECT host(a.client_addr) FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND a.datname = current_database()
""")
_SESSIONS: Final = text(
    "SELECT session_date, symbol, count(*) AS ticks FROM ticks WHERE source = 'SIMULATED' GROUP BY 1, 2 ORDER BY 1, 2"
)


def work_on_both(own: Site, say: Callable[[str], None], start_workers: Callable[..., None]) -> Outcome:
    """A job and an export, each begun on a host that is gone then; the host is booted again after each."""
    dispatch = CeleryDispatch(lambda: make_celery(own.world.valkey.url))
    parts = []
    for work in (_analyse, _export):
        gone, outcome = work(own, dispatch)
        parts.append(outcome)
        say(f"{gone} was gone: {dict(outcome.figures)}")
        own.boot(gone)
        start_workers(own, gone)
    return Outcome({**parts[0].figures, **parts[1].figures}, [*parts[0].wrong, *parts[1].wrong])


def _analyse(own: Site, dispatch: CeleryDispatch) -> tuple[str, Outcome]:
    _write_history(own)
    number = ask(own.world.stores, *SYMBOLS, start_date=START, end_date=END)
    dispatch.run_job(number)
    own.wait(lambda: _job(own, number).status == "running", "an analysis")
    gone = _job(own, number).worker.partition(":")[0]
    own.hosts[gone].crash()
    at, left = time.monotonic(), _job(own, number)
    own.wait(lambda: _job(own, number).attempt == 2, "taking the analysis up", 120)
    took_s = time.monotonic() - at
    own.wait(lambda: _job(own, number).status in FINISHED, "the end of the analysis", 180)
    ended, rows = _job(own, number), _results(own, number)
    wrong = [] if left.status == "running" else [f"the analysis was {left.status} before its host was gone"]
    wrong += [] if ended.status == "done" else [f"the analysis is {ended.status}: {ended.error}"]
    wrong += [] if ended.worker.startswith(own.other(gone)) else [f"it was ended by {ended.worker}"]
    wrong += [] if rows == len(SYMBOLS) + 1 else [f"it has {rows} results"]
    return gone, Outcome({"job taken up after s": round(took_s, 1)}, wrong)


def _export(own: Site, dispatch: CeleryDispatch) -> tuple[str, Outcome]:
    day, stored = _stored(own)
    dispatch.export_session(MARKET, day)
    seen: list[str] = []
    own.wait(lambda: seen.append(_exporter(own)) or seen[-1], "an export")
    gone = next(name for name, host in own.hosts.items() if host.address == seen[-1])
    own.hosts[gone].crash()
    at, there = time.monotonic(), len(_files(own, day))
    own.wait(lambda: not _exporter(own), "freeing what the dead had locked", 60)
    freed_s = time.monotonic() - at
    dispatch.export_session(MARKET, day)
    own.wait(lambda: set(_files(own, day)) == set(stored), "an export on the other host", 120)
    wrong = [] if there < len(stored) else ["the export was over before its host was gone"]
    wrong += [
        f"{symbol} has {rows:,} rows in the lake and {stored[symbol]:,} in PostgreSQL"
        for symbol, rows in _files(own, day).items()
        if rows != stored[symbol]
    ]
    return gone, Outcome({"locks freed after s": round(freed_s, 1), "files": len(stored)}, wrong)


def _stored(own: Site) -> tuple[date, dict[str, int]]:
    """The day of what was collected, and its ticks by the symbols that an export of the market writes."""
    markets = own.world.stores.markets
    with own.world.sessions() as session:
        rows = session.execute(_SESSIONS).all()
    [day] = {row.session_date for row in rows}
    return day, {row.symbol: int(row.ticks) for row in rows if closing_market(markets, row.symbol, day).name == MARKET}


def _results(own: Site, number: int) -> int:
    with own.world.sessions() as session:
        query = select(func.count()).select_from(AnalysisResult).where(AnalysisResult.job_id == number)
        return session.scalar(query) or 0


def _exporter(own: Site) -> str:
    with own.world.sessions() as session:
        return session.scalars(_EXPORTS).first() or ""


def _files(own: Site, day: date) -> dict[str, int]:
    with own.world.sessions() as session:
        files = list_files(session, day, day + timedelta(days=1))
    lake = own.world.stores.lake
    return {one.symbol: pq.read_metadata(lake.ticks_file(day, one.symbol)).num_rows for one in files}


def _job(own: Site, number: int) -> AnalysisJob:
    with own.world.sessions() as session:
        return session.get_one(AnalysisJob, number)


def _write_history(own: Site) -> None:
    dice = np.random.default_rng(1)
    for hours in market(MARKET).sessions(START, END):
        minutes = int((hours.close - hours.open).total_seconds() // 60)
        for symbol in SYMBOLS:
            walk = 26_800 + np.cumsum(dice.integers(-2, 3, minutes))
            put(own.world.stores.lake.ticks_file(hours.day, symbol), minute_ticks(hours, walk, dice, symbol))
