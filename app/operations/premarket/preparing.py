"""Preparing a stage: the data that it may see is stored, exported and looked at, and its analyses are asked for."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from redis.exceptions import RedisError

from app.alerts.store import raise_alert
from app.analysis.question import MOST_SYMBOLS, range_of
from app.clock import instant_text
from app.errors import Conflict, NotFound, Rejected, Unavailable
from app.instruments.store import watchlist
from app.jobs.outages import is_outage
from app.operations.premarket.failing import fail_stage
from app.operations.premarket.fitness import facts_form, gather_symbols, tell_symbols
from app.operations.premarket.policy import PremarketPolicy
from app.operations.premarket.remarks import left_out_lines
from app.operations.premarket.stage_data import Need, ready_data, time_limit
from app.operations.premarket.stage_jobs import ANALYSES, send_jobs, stage_requests, submit_jobs
from app.operations.premarket.stage_symbols import first_start, ladder_symbols, unfit_symbols
from app.operations.sole_rights import sole_right
from app.premarket.definition import StageKey
from app.premarket.models import PremarketStage
from app.premarket.rows import PREPARED, find_stage, note_stage, start_stage
from app.stores import Stores

log = logging.getLogger(__name__)

Tell = Callable[[str], None]
_LOCKS: Final = 7_311  # The advisory locks of whoever prepares a stage; the number has no other meaning.


@dataclass(frozen=True)
class Findings:
    """What the preparation found: the symbols to analyse with the day on which theirs begins, why others are left out,
    what of the data is missing or has to be told, and what else is known."""

    symbols: Mapping[str, date]
    left_out: Mapping[str, str]
    missing: Sequence[str] = ()
    known: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reasons(self) -> list[str]:
        """Everything that is not as it should be."""
        return [*left_out_lines(self.left_out), *self.missing]

    @property
    def detail(self) -> dict[str, Any]:
        """What is kept in the stage's row."""
        return {**self.known, "left_out": dict(self.left_out), "missing": list(self.missing)}


def prepare_stage(
    stores: Stores,
    policy: PremarketPolicy,
    key: StageKey,
    tell: Tell = lambda _text: None,
    *,
    asof: datetime | None = None,
    send: bool = True,
) -> list[int]:
    """Begin a stage, or go on with its preparation, and return the numbers of its analyses.

    The stage sees what was known at `asof`, by default the present instant, which is recorded when it begins and holds
    for good. Everything that was published by now is stored and exported first, that of the running session too; past
    days that the lake lacks are exported, and what cannot be had is left out and told in the stage's reasons. The
    analyses are sent to the workers unless told not to. Done again after a kill, it finds done what is done; a stage
    that has ended is left alone. One without any symbol to analyse fails. Conflict while another process does it, or
    when the desk's settings allow no analysis, NotFound for a stage that was never planned, Rejected for an as-of in
    the future and for `verify`, which has nothing to prepare; Unavailable, RedisError or SQLAlchemy's errors, to be
    done again, when a server fails.
    """
    if key.stage not in ANALYSES:
        raise Rejected(f"{key.stage} has nothing to prepare: name one of {', '.join(ANALYSES)}")
    with _alone(stores, key):
        row = _begin(stores, key, asof)
        if row.done_at is not None:
            return []
        if PREPARED in row.detail:
            return list(row.jobs.values())
        numbers = _ask(stores, key, row, _look(stores, policy, key, row, tell))
        if send:
            send_jobs(stores, key, numbers)
        return numbers


def prepare_unless_under_way(stores: Stores, policy: PremarketPolicy, key: StageKey) -> None:
    """Prepare a stage, unless another process does so at this moment; what cannot be done yet is logged."""
    try:
        prepare_stage(stores, policy, key)
    except Conflict as busy:
        log.info("%s", busy)
    except Exception as error:
        if not (isinstance(error, Unavailable | RedisError) or is_outage(error)):
            raise
        log.warning("%s of %s on %s is not prepared yet: %s", key.stage, key.market, key.day, error)


@contextmanager
def _alone(stores: Stores, key: StageKey) -> Iterator[None]:
    refusal = f"another process prepares {key.stage} of {key.market} on {key.day}: wait for it"
    with sole_right(stores, _LOCKS, "/".join(map(str, key)), refusal):
        yield


def _begin(stores: Stores, key: StageKey, asof: datetime | None) -> PremarketStage:
    now = stores.clock.now()
    if asof is not None and asof > now:
        raise Rejected(f"the as-of {instant_text(asof)} lies in the future: it is {instant_text(now)}")
    with stores.sessions.begin() as session:
        start_stage(session, key, now, asof or now)
        row = find_stage(session, key)
    if row is None:
        raise NotFound(
            f"{key.stage} of {key.market} on {key.day} was never planned: name a day whose open has a ladder, see "
            "PREMARKET_LADDERS"
        )
    return row


def _look(stores: Stores, policy: PremarketPolicy, key: StageKey, row: PremarketStage, tell: Tell) -> Findings:
    """Put the data in order, and see which symbols can be analysed."""
    asof = row.asof or row.planned_at
    start, today = range_of(policy.timeframe, None, None, stores.market.session_of(asof))
    known = {"range": [start.isoformat(), today.isoformat()]}
    with stores.sessions() as session:
        symbols, crowded = ladder_symbols(stores, policy, key.market, watchlist(session))
        began = first_start(session, key.market, key.day) or asof
    left_out = dict.fromkeys(crowded, f"no more than {MOST_SYMBOLS} symbols are analysed together")
    if not symbols:
        return Findings({}, left_out, known=known)
    need = Need(symbols, start, today, asof, began, time_limit(row.started_at or asof, row.deadline_at))
    readied = ready_data(stores, need, tell)
    tell("data: what there is of each symbol")
    return _judge(stores, policy, key, need, Findings({}, left_out, readied.reasons, {**known, **readied.counts}))


def _judge(stores: Stores, policy: PremarketPolicy, key: StageKey, need: Need, before: Findings) -> Findings:
    found = gather_symbols(stores, need)
    with stores.sessions() as session:
        unfit = unfit_symbols(session, key, need.symbols)
    empty = {one.symbol: f"there is no tick of it since {need.start}" for one in found if one.is_without_data}
    left_out = {**before.left_out, **unfit, **empty}
    fit = [one for one in found if one.symbol not in left_out]
    data = {one.symbol: facts_form(one, policy.preferred) for one in found}
    told = [*before.missing, *tell_symbols(fit)]
    return Findings({one.symbol: one.begins for one in fit}, left_out, told, {**before.known, "data": data})


def _ask(stores: Stores, key: StageKey, row: PremarketStage, found: Findings) -> list[int]:
    """Keep what was found together with the analyses that are asked for; none where the stage ends, or has ended."""
    now, detail = stores.clock.now(), {**row.detail, **found.detail}
    if not found.symbols and key.stage != "report":
        _fail(stores, key, [*found.reasons, "there is no symbol to analyse: see `flask watchlist`"], detail)
        return []
    # A report without an analysis of its own may have that of a stage before it.
    requests = stage_requests(key, found.symbols, row.asof or now) if found.symbols else {}
    try:
        with stores.sessions.begin() as session:
            # The row is held from here on, so that nobody ends a stage whose analyses are being asked for.
            if not note_stage(session, key, reasons=found.reasons, detail={**detail, PREPARED: instant_text(now)}):
                return []
            jobs = submit_jobs(session, stores, key, requests, now)
            note_stage(session, key, jobs=jobs)
    except (Conflict, Rejected) as refusal:
        with stores.sessions.begin() as session:
            reasons = [f"its analyses cannot be asked for: {refusal}", *found.reasons]
            note_stage(session, key, reasons=reasons, detail=detail)
        raise
    log.info("%s of %s on %s is prepared: jobs %s", key.stage, key.market, key.day, ", ".join(map(str, jobs.values())))
    return list(jobs.values())


def _fail(stores: Stores, key: StageKey, reasons: Sequence[str], detail: Mapping[str, Any]) -> None:
    with stores.sessions.begin() as session:
        has_ended = fail_stage(session, key, stores.clock.now(), reasons, raise_alert, detail=detail)
    if has_ended:
        log.error("%s of %s on %s failed: %s", key.stage, key.market, key.day, "; ".join(reasons))
