"""The certificate of a market's session: what was expected, what there is, and whether the figures hold."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from app.desk.models import SessionCertificate
from app.desk.snapshots import find_certificate, save_certificate
from app.errors import Conflict, NotFound
from app.instruments.hours import closing_market
from app.lake.manifest import list_files, purged_at
from app.lake.models import LakeFile
from app.ledger.balance import Balance, read_balances
from app.ledger.coverage import MINUTE, Span, covered_spans, read_coverage, window_on
from app.ledger.gaps import GapFilter, read_gaps
from app.ledger.models import Gap
from app.ledger.totals import sum_balances
from app.market.sessions import Session as Hours
from app.operations.exporting import exports_of
from app.operations.opening import require_session
from app.stores import Stores
from app.ticks.quality import TickQuality, measure_ticks
from app.ticks.reading import count_by_symbol

COMPLETE: Final = "complete"
INCOMPLETE: Final = "incomplete"
FAILED: Final = "failed"
ONE_DAY: Final = timedelta(days=1)
# The figures of a certificate that tell how the ticks themselves are.
QUALITY: Final = ("expected_minutes", "present_minutes", "out_of_session", "crossed", "delayed")


@dataclass(frozen=True)
class SessionFacts:
    """Everything that a certificate is decided from; `present` are the minutes of the session, in minutes since 1970
    UTC, in which a feed was alive. `fault` is why the lake is not proved to hold the ticks, empty when it is."""

    hours: Hours
    quality: Mapping[str, TickQuality]
    stored: Mapping[str, int]
    balances: Collection[Balance]
    gaps: Collection[Gap]
    present: frozenset[int]
    files: Collection[LakeFile]
    fault: str = ""

    @property
    def expected_minutes(self) -> int:
        """The minutes of the session."""
        return -((self.hours.open - self.hours.close) // MINUTE)

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """From when to when there are ticks; None without any."""
        spans = [(one.first_ts, one.last_ts) for one in self.quality.values()]
        spans = spans or [(row.min_ts, row.max_ts) for row in self.files]
        return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None


def certify(stores: Stores, market: str, day: date) -> SessionCertificate:
    """The certificate of a session that is over, as things stand now; nothing is saved.

    Reads the day's ticks and files of the market's symbols whole. NotFound without a session on that day, Conflict
    while it runs, Unavailable when disk or database fail.
    """
    hours, now = require_session(stores, market, day), stores.clock.now()
    if now < hours.close:
        raise Conflict(f"the session of {market} on {day} runs until {hours.close:%Y-%m-%d %H:%M} UTC")
    return draw_up(market, gather_facts(stores, market, hours), now)


def draw_up(market: str, facts: SessionFacts, now: datetime) -> SessionCertificate:
    """The certificate that these facts deserve."""
    verdict, reasons = judge(facts)
    return SessionCertificate(
        market=market,
        session_date=facts.hours.day,
        verdict=verdict,
        reasons=reasons,
        figures=shown_figures(facts),
        files=[{"path": row.path, "rows": row.rows, "sha256": row.sha256} for row in facts.files],
        made_at=now,
    )


def require_certified(stores: Stores, day: date, *, save: bool) -> None:
    """Conflict, with the reasons, unless every session of a trading day that has ticks is certified.

    Sessions without a certificate, or with a failed one, are looked at now; what comes of it is kept if `save` says so.
    A day that is no session of any market needs none.
    """
    for export in exports_of(stores, day, _symbols_with_ticks(stores, day)):
        if stores.markets.named(export.market).session(day) is None:
            continue
        with stores.sessions() as session:
            known = find_certificate(session, export.market, day)
        if known is not None and known.verdict != FAILED:
            continue
        certificate = certify(stores, export.market, day)
        if save:
            with stores.sessions.begin() as session:
                save_certificate(session, certificate)
        if certificate.verdict == FAILED:
            told = "; ".join(certificate.reasons)
            raise Conflict(f"{export.market} on {day} is not certified: {told}")


def judge(facts: SessionFacts) -> tuple[str, list[str]]:
    """The verdict and its reasons, the gravest first; see `SessionCertificate`."""
    if failures := list(_failures(facts)):
        return FAILED, failures
    missing = list(_missing(facts))
    return (INCOMPLETE if missing else COMPLETE), missing


def gather_facts(stores: Stores, market: str, hours: Hours) -> SessionFacts:
    """What is known of a session, from the database, the ledger and the lake."""
    day = hours.day
    traded = _symbols_with_ticks(stores, day)
    with stores.sessions() as session:
        # Of a symbol that lost everything only the balance tells.
        balanced = {one.symbol for one in read_balances(session, [day]).values()}
        is_purged = purged_at(session, day) is not None
    symbols = symbols_of(stores, market, day, traded | balanced)
    # Outside of a transaction, because a server may end one that idles while files are read.
    fault = _fault(stores, day, symbols, is_purged)
    with stores.sessions() as session:
        files = [row for row in list_files(session, day, day + ONE_DAY) if row.symbol in symbols]
        balances = [one for one in read_balances(session, [day]).values() if one.symbol in symbols]
        sources = {one.source for one in balances}
        quality = measure_ticks(session, day, symbols, hours.open, hours.close)
        in_files = {row.symbol: row.rows for row in files}
        stored = in_files if is_purged else {name: one.ticks for name, one in quality.items()}
        gaps = _gaps_of(session, hours, symbols, sources)
        present = _present_minutes(stores, session, hours, quality, sources)
    return SessionFacts(hours, quality, stored, balances, gaps, present, files, fault)


def symbols_of(stores: Stores, market: str, day: date, symbols: Collection[str]) -> set[str]:
    """Those of `symbols` for which a trading day ends with the market's close."""
    return {symbol for symbol in symbols if closing_market(stores.markets, symbol, day).name == market}


def shown_figures(facts: SessionFacts) -> dict[str, Any]:
    """The figures of a certificate."""
    quality = facts.quality.values()
    return {
        "expected_minutes": facts.expected_minutes,
        "present_minutes": len(facts.present),
        "ticks": sum(facts.stored.values()),
        "symbols": len(facts.stored),
        "out_of_session": sum(one.out_of_session for one in quality),
        "crossed": sum(one.crossed for one in quality),
        "delayed": sum(one.delayed for one in quality),
        **sum_balances(list(facts.balances)),
        "gaps": len(facts.gaps),
        "files": len(facts.files),
        "rows_in_files": sum(row.rows for row in facts.files),
        "lake_equals_database": not facts.fault,
    }


def _symbols_with_ticks(stores: Stores, day: date) -> set[str]:
    with stores.sessions() as session:
        files = list_files(session, day, day + ONE_DAY)
        return {*count_by_symbol(session, day), *(row.symbol for row in files)}


def _failures(facts: SessionFacts) -> Iterator[str]:
    if facts.fault:
        yield facts.fault
    in_flight = sum(max(0, one.in_flight) for one in facts.balances)
    if in_flight:
        yield f"{in_flight:,} events were on their way when the day was last balanced"


def _missing(facts: SessionFacts) -> Iterator[str]:
    sums = sum_balances(list(facts.balances))
    absent = facts.expected_minutes - len(facts.present)
    if not facts.stored:
        yield "no tick of the session is stored"
    elif not facts.balances:
        yield "the day was never balanced: what was published is not known"
    if sums["lost"]:
        yield f"{sums['lost']:,} events are lost"
    if sums["dead"]:
        yield f"{sums['dead']:,} events are dead letters"
    if surplus := sum(max(0, -one.in_flight) for one in facts.balances):
        yield f"{surplus:,} more ticks are stored than are known to have been published"
    if absent > 0:
        yield f"no feed was alive in {absent:,} of {facts.expected_minutes:,} minutes"
    if facts.gaps:
        yield f"{len(facts.gaps):,} gaps are known"


def _gaps_of(session: Session, hours: Hours, symbols: Collection[str], sources: Collection[str]) -> list[Gap]:
    found = (gap for gap in read_gaps(session, GapFilter(day=hours.day)) if gap.state != "backfilled")
    inside = (gap for gap in found if gap.from_ts < hours.close and hours.open < gap.to_ts)
    return [gap for gap in inside if gap.source in sources and (not gap.symbols or symbols & gap.symbols.keys())]


def _present_minutes(
    stores: Stores, session: Session, hours: Hours, quality: Mapping[str, TickQuality], sources: Collection[str]
) -> frozenset[int]:
    present = set[int]().union(*(one.minutes for one in quality.values()))
    window = window_on(stores.market, hours.day)
    if window is not None and sources:
        for row in read_coverage(session, [hours.day], sources).values():
            for span in covered_spans(window, row.minutes, Span(hours.open, hours.close)):
                present.update(range(_minute(span.start), -(-_seconds(span.end) // 60)))
    return frozenset(present)


def _fault(stores: Stores, day: date, symbols: Collection[str], is_purged: bool) -> str:
    # Arrow takes half a second to load, which whoever only judges facts saves.
    from app.export.proving import prove_day, verified

    try:
        if not is_purged:
            prove_day(stores.sessions, stores.lake, day, stores.clock.now(), symbols=symbols)
            return ""
        with stores.sessions() as session:
            rows = [row for row in list_files(session, day, day + ONE_DAY) if row.symbol in symbols]
        for row in rows:
            verified(stores.sessions, stores.lake, row, stores.clock.now())
    except (Conflict, NotFound) as error:
        return str(error).replace(f"{stores.lake.root}/", "")
    return ""


def _minute(instant: datetime) -> int:
    return _seconds(instant) // 60


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
