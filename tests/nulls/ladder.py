"""The whole desk on made prices: what the ladder recommends before each open, and how that does afterwards."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import select

from app.extensions import db
from app.factory import create_app
from app.jobs.models import Prediction
from app.jobs.preferences import set_preference
from app.jobs.score_history import kept_records
from app.market.markets import market
from app.market.sessions import Session
from app.operations.migrating import migrate_database
from app.premarket.definition import Ladder, climb_on
from app.premarket.models import PremarketReport
from app.runtime import EXTENSION, Runtime
from app.settings import load_settings
from tests.made_lakes import Ints, drifting, minute_ticks, put, walk_of
from tests.nulls.check import NullCheck, Observed
from tests.private_servers import private_postgres, private_valkey
from tests.simulated_desk import MINUTE, QueueDispatch, SimulatedDesk, SteppedClock, by_session

MARKET: Final = "CME_Futures"
FIRST: Final = date(2025, 6, 2)
HISTORY: Final = 62
SYMBOLS: Final = ("ES", "NQ")


@dataclass(frozen=True)
class Lived:
    """What the reports of some sessions recommended, in all, whether gated predictions were right, and kept scores."""

    verdicts: Sequence[str]
    signals: Sequence[str]
    hits: Sequence[bool]
    skill: float | None
    p_value: float | None

    @property
    def held(self) -> float:
        """The share of HOLD among the signals."""
        return sum(one == "HOLD" for one in self.signals) / max(len(self.signals), 1)


def live(runs: int, path: Callable[[int, int], Ints], *, seed: int = 1) -> Lived:
    """Live through so many sessions with a ladder each, after a history that lies in the lake.

    `path` makes the prices of a seed by the minute. Ticks are published, ingested, exported by the ladder itself;
    sessions are closed, predictions resolved and scored, by the ticks of beat.
    """
    sessions = _sessions(runs)
    walks = {symbol: path(seed * 100 + number, _minutes(sessions)) for number, symbol in enumerate(SYMBOLS)}
    with tempfile.TemporaryDirectory() as name, desk_on(Path(name), sessions[HISTORY].open - MINUTE) as stores:
        _write_history(stores, sessions[:HISTORY], walks, seed)
        made = by_session({symbol: lambda _n, walk=walk: walk for symbol, walk in walks.items()}, sessions, seed)
        desk = SimulatedDesk(stores, SYMBOLS, made)
        _choose(stores, desk)
        for one in sessions[HISTORY:]:
            desk.go_to(one.open + MINUTE)
            desk.work()
            if has_ladder(one):
                desk.climb(one.day)
            desk.close(one)
        desk.go_to(sessions[-1].close + timedelta(days=1, minutes=5))
        desk.work()
        return _lived(stores, [one.day for one in sessions[HISTORY:] if has_ladder(one)])


def has_ladder(hours: Session) -> bool:
    """Whether the market of stocks opens on a session's day."""
    return climb_on(Ladder(MARKET), market(MARKET), hours.day) is not None


def _sessions(runs: int) -> list[Session]:
    """The history, and after it so many sessions with a ladder and those between them."""
    known = market(MARKET).sessions(FIRST, FIRST + timedelta(days=2 * (HISTORY + runs) + 20))
    last = [place for place, one in enumerate(known) if place >= HISTORY and has_ladder(one)][runs - 1]
    return known[: last + 1]


@contextlib.contextmanager
def desk_on(directory: Path, start: datetime) -> Iterator[Runtime]:
    """The stores of a desk of its own, on servers of its own, whose clock stands at `start`."""
    with private_postgres(directory) as postgres, private_valkey(directory) as valkey:
        settings = load_settings(
            _env_file=None, database_url=postgres.url, redis_url=valkey.url, state_dir=directory / "state"
        )
        app = create_app(settings, QueueDispatch(), SteppedClock(start))
        stores: Runtime = app.extensions[EXTENSION]
        try:
            with app.app_context():
                migrate_database(stores, 3)
            yield stores
        finally:
            for client in ("redis", "raw_redis"):
                if client in vars(stores):
                    getattr(stores, client).close()
            with app.app_context():
                db.engine.dispose()


def _choose(stores: Runtime, desk: SimulatedDesk) -> None:
    """As a desk may: less to learn from at five minutes, and fewer random levels, which predictions do without."""
    with stores.sessions.begin() as session:
        for name, value in {"most_bars": 1_500, "permutations": 99}.items():
            set_preference(session, f"analysis.{name}", value, desk.clock.now())


def _minutes(sessions: Sequence[Session]) -> int:
    return sum((one.close - one.open) // MINUTE for one in sessions)


def _write_history(stores: Runtime, sessions: Sequence[Session], walks: dict[str, Ints], seed: int) -> None:
    bounds = np.cumsum([0, *((one.close - one.open) // MINUTE for one in sessions)])
    for symbol, walk in walks.items():
        dice = np.random.default_rng(seed)
        for place, one in enumerate(sessions):
            part = walk[int(bounds[place]) : int(bounds[place + 1])]
            put(stores.lake.ticks_file(one.day, symbol), minute_ticks(one, part, dice, symbol))


def _lived(stores: Runtime, days: Sequence[date]) -> Lived:
    with stores.sessions() as session:
        wanted = select(PremarketReport).where(PremarketReport.session_date.in_(days))
        reports = session.scalars(wanted.order_by(PremarketReport.session_date)).all()
        signals = [one["action"] for row in reports if row.document for one in row.document["signals"].values()]
        rows = session.scalars(select(Prediction).where(Prediction.outcome.is_not(None))).all()
        hits = [(row.p > 0.5) == (row.outcome == 1) for row in rows if row.gated]
        found = [one["all"]["brier_skill"] for by in kept_records(session).values() for one in by.values()]
    known = [one for one in found if one["value"] is not None]
    skill = float(np.mean([one["value"] for one in known])) if known else None
    p_value = min((one["p_value"] for one in known), default=None)
    return Lived([row.verdict or "" for row in reports], signals, hits, skill, p_value)


def chance_alone(runs: int) -> Observed:
    """N16: with prices made by chance the ladder holds, and what it predicted has no skill."""
    found = live(runs, walk_of)
    expected = runs * len(SYMBOLS)
    passed = len(found.signals) == expected and found.held >= 0.97 and (found.skill is None or found.skill <= 0.0)
    return Observed(_told(found), passed and "MISSING" not in found.verdicts)


def momentum(runs: int) -> Observed:
    """N17: where returns drift the ladder finds it: it trades, and is right more often than not."""
    found = live(runs, drifting)
    right = float(np.mean(found.hits)) if found.hits else 0.0
    passed = found.held < 0.5 and right > 0.55
    return Observed(f"{_told(found)}, right {right:.0%} of {len(found.hits)}", passed)


def _told(found: Lived) -> str:
    verdicts = ", ".join(f"{found.verdicts.count(one)} {one}" for one in dict.fromkeys(found.verdicts))
    skill = "none" if found.skill is None else f"{found.skill:+.4f}"
    return f"HOLD {found.held:.1%} of {len(found.signals)}, skill {skill}, {verdicts}"


CHECKS: Final = (
    NullCheck("N16", "the ladder on chance alone, end to end", "HOLD >= 97 %, skill <= 0", chance_alone, 60, 1),
    NullCheck("N17", "the ladder on planted momentum, end to end", "trades > 50 %, right > 55 %", momentum, 60, 1),
)
