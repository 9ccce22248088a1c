"""The data that a stage may see, put in order: stored, whole as far as can be, certified, and exported up to now."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from app.desk.models import SessionCertificate
from app.desk.snapshots import find_certificate
from app.errors import Conflict, NotFound, Unavailable
from app.lake.layout import TICKS
from app.lake.models import LakeFile
from app.operations.certifying import FAILED
from app.operations.closing import backfill_session, close_session, drain
from app.operations.desk import markets_of
from app.operations.exporting import SessionExport, export_session, exports_of
from app.operations.lake_catalog import describe_days
from app.operations.lake_checks import Scope, recorded_files, verify_files
from app.stores import Stores

log = logging.getLogger(__name__)

DRAIN_S: Final = 30.0
# What the analyses of the stage need of its time.
LEFT_FOR_ANALYSES: Final = timedelta(minutes=10)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Need:
    """What a stage needs: the ticks of symbols on trading days from `start` to `today`, the running one, included.

    Files that were read whole since `began`, when the first stage of the day did, are known to be sound. Whatever can
    be done without comes to an end at `until`.
    """

    symbols: Sequence[str]
    start: date
    today: date
    asof: datetime
    began: datetime
    until: datetime


@dataclass(frozen=True)
class Readied:
    """What came of it: reasons for a person, the gravest first, how many files were `read` whole, and how many were
    `unread` when the time was over."""

    reasons: list[str] = field(default_factory=list)
    read: int = 0
    unread: int = 0

    @property
    def counts(self) -> dict[str, Any]:
        """The counts as JSON has them."""
        return {"files": {"read": self.read, "unread": self.unread}}


def time_limit(begins: datetime, deadline: datetime) -> datetime:
    """Until when a stage that begins now may mend what it can do without: ten minutes before its deadline.

    A third of a time that is shorter than fifteen minutes, so that nothing is left undone for want of a few seconds.
    Ten minutes where the deadline has passed, as of a day that is worked by hand.
    """
    if begins >= deadline:
        return begins + LEFT_FOR_ANALYSES
    return max(deadline - LEFT_FOR_ANALYSES, begins + (deadline - begins) / 3)


def ready_data(stores: Stores, need: Need, tell: Callable[[str], None]) -> Readied:
    """Store what is published, mend the past days, and export the running session; what cannot be done is told.

    The stream is drained; files of past days are read whole and those that an export would mend are written again; the
    last session of each symbol's market is closed and certified if that was not done; and the running session is
    exported as it is. All of it done again finds it done. RedisError and SQLAlchemy's errors when a server fails,
    Unavailable where there is none to connect to.
    """
    tell("stream: waiting until everything is stored")
    waiting = _drained(stores)
    tell("lake: reading the files of past sessions")
    read, unread = _verify(stores, need)
    tell("lake: exporting what past sessions lack")
    unmended = list(_mend(stores, need))
    tell("certificates of the sessions before")
    uncertified = list(_certify(stores, need, waiting))
    tell("lake: exporting the running session")
    running = [told for one in exports_of(stores, need.today, need.symbols) for told in _exported(stores, one)]
    late = [f"{unread:,} files of the lake were not read whole for lack of time"] if unread else []
    reasons = [*([waiting] if waiting else []), *running, *uncertified, *unmended, *late]
    return Readied(list(dict.fromkeys(reasons)), read, unread)


def _drained(stores: Stores) -> str:
    """What is not stored yet; empty when everything is."""
    redis = stores.redis
    try:
        drain(stores, DRAIN_S)
    except Unavailable as waiting:
        redis.ping()  # A server that is away is another matter.
        return str(waiting).partition(":")[0]
    return ""


def _verify(stores: Stores, need: Need) -> tuple[int, int]:
    found = recorded_files(stores, Scope(need.start, need.today, need.symbols))
    # The newest ticks matter most.
    files = sorted((row for row in found if not _is_known(row, need.began)), key=_newest_ticks_first)
    for done, row in enumerate(files):
        if stores.clock.now() >= need.until:
            return done, len(files) - done
        for finding in verify_files(stores, [row]):
            if finding.problem:
                log.warning("%s is %s: %s", finding.path, finding.problem, finding.detail)
    return len(files), 0


def _is_known(row: LakeFile, since: datetime) -> bool:
    # A file is verified while it is written.
    return row.damage is None and max(row.written_at, row.verified_at or row.written_at) >= since


def _newest_ticks_first(row: LakeFile) -> tuple[bool, int]:
    return row.kind != TICKS, -row.session_date.toordinal()


def _mend(stores: Stores, need: Need) -> Iterator[str]:
    days = [need.start + number * _DAY for number in range((need.today - need.start).days)]
    found = describe_days(stores, days, stores.clock.now())
    mendable = {day: {one.symbol for one in parts if one.mendable} & {*need.symbols} for day, parts in found.items()}
    exports = [export for day in reversed(days) for export in exports_of(stores, day, mendable[day])]
    for done, export in enumerate(exports):
        if stores.clock.now() >= need.until:
            left = len({one.day for one in exports[done:]})
            yield f"exports of {left:,} past days were left undone for lack of time: run `flask backfill-parquet`"
            return
        yield from _exported(stores, export)


def _certify(stores: Stores, need: Need, waiting: str) -> Iterator[str]:
    for market in markets_of(stores, need.symbols):
        for hours in market.last_completed(need.asof, 1):
            if fault := _fault(stores, market.name, hours.day, need.began, waiting):
                yield f"the session of {market.name} on {hours.day} is not certified: {fault}"


def _fault(stores: Stores, market: str, day: date, began: datetime, waiting: str) -> str:
    known, why = _certificate(stores, market, day), waiting
    is_untried = known is None or (known.verdict == FAILED and known.made_at < began)
    if is_untried and not waiting:
        complete = close_session if known is None else backfill_session
        try:
            complete(stores, market, day)
        except (Conflict, Unavailable) as refusal:
            why = str(refusal)
        known = _certificate(stores, market, day)
    if known is None:
        return why or "its close is not done"
    return _said(stores, "; ".join(known.reasons[:2])) if known.verdict == FAILED else ""


def _certificate(stores: Stores, market: str, day: date) -> SessionCertificate | None:
    with stores.sessions() as session:
        return find_certificate(session, market, day)


def _exported(stores: Stores, export: SessionExport) -> Iterator[str]:
    try:
        export_session(stores, export.market, export.day)
    except (Conflict, NotFound, Unavailable) as refusal:
        log.warning("%s on %s could not be exported: %s", export.market, export.day, refusal)
        yield f"{export.market} on {export.day} could not be exported: {_said(stores, str(refusal))}"


def _said(stores: Stores, text: str) -> str:
    return text.replace(f"{stores.lake.root}/", "").replace(str(stores.lake.root), "the lake")
