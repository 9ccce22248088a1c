"""Thor's API as methods with typed answers."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeVar
from urllib.parse import quote
from uuid import uuid4

import httpx
from pydantic import BaseModel

from app.api.access_shapes import AuditAnswer, AuditEntryAnswer, MeAnswer
from app.api.accounting_shapes import GapAnswer, GapsAnswer, LossAnswer, LossesAnswer
from app.api.alert_shapes import AlertAnswer, AlertsAnswer
from app.api.answers import QuotesAnswer, ReadinessAnswer
from app.api.collector_shapes import CollectorAnswer, CollectorsAnswer
from app.api.dead_letter_shapes import LettersAnswer, LetterSummary
from app.api.instrument_shapes import InstrumentsAnswer, RollAnswer, RollsAnswer
from app.api.job_shapes import (
    DocumentAnswer,
    JobAnswer,
    JobsAnswer,
    PredictionAnswer,
    PredictionsAnswer,
    SignalsAnswer,
    SubmittedAnswer,
)
from app.api.lake_shapes import LakeAnswer, PartitionAnswer
from app.api.negotiation import ARROW
from app.api.premarket_shapes import LadderAnswer, LaddersAnswer, PremarketReportAnswer
from app.api.session_shapes import SessionAnswer
from app.api.watchlist_shapes import WatchlistAnswer, WatchlistSetAnswer
from app.client.streaming import StreamEvent, follow
from app.client.transport import PATIENCE_S, Transport
from app.errors import Unavailable
from app.jobs.service import FINISHED

if TYPE_CHECKING:
    import pyarrow as pa

URL: Final = "http://127.0.0.1:8000"
LOOK_S: Final = 0.5
Moment = datetime | str
Day = date | str
Answer = TypeVar("Answer", bound=BaseModel)
Row = TypeVar("Row")


class Page(Protocol):
    """An answer that tells of the next one."""

    next_cursor: str | None

    @classmethod
    def model_validate_json(cls, json_data: bytes, /) -> Self:
        """The answer that was sent."""


Paged = TypeVar("Paged", bound=Page)


class Thor:
    """A server. Without a key one is nobody in particular, who reads on the server's own machine only.

    Errors are those of `app.errors` with the server's own words, and Denied for a key that is not enough. What reads is
    tried again for `patience_s` seconds while the server is away or asks to wait; what changes something is sent once.

        from app.client.thor import Thor

        with Thor(key="thor_key_…") as thor:
            for quote in thor.quotes(["ES", "NQ"]).quotes:
                print(quote.symbol, quote.last, quote.age_ms)
            bars = pl.from_arrow(thor.bars("ES", "5m", start="2025-10-09T13:30:00Z"))
    """

    def __init__(
        self,
        url: str = URL,
        key: str | None = None,
        *,
        patience_s: float = PATIENCE_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._transport = Transport(url, key, patience_s, transport)

    def me(self) -> MeAnswer:
        """Who the server takes one for."""
        return self._read(MeAnswer, "/api/me")

    def readiness(self) -> ReadinessAnswer:
        """Whether every part makes progress; Unavailable when it does not."""
        return self._read(ReadinessAnswer, "/api/health/ready")

    def session(self, market: str | None = None, at: Moment | None = None) -> SessionAnswer:
        """Whether a market is open, until when, and which trading day it is."""
        return self._read(SessionAnswer, "/api/session", market=market, at=_instant(at))

    def instruments(self) -> InstrumentsAnswer:
        """What is traded and watched."""
        return self._read(InstrumentsAnswer, "/api/instruments")

    def watchlist(self) -> WatchlistAnswer:
        """What is watched, in order."""
        return self._read(WatchlistAnswer, "/api/watchlist")

    def set_watchlist(self, symbols: Iterable[str]) -> WatchlistSetAnswer:
        """Watch these, in this order, and no others."""
        return self._change(WatchlistSetAnswer, "PUT", "/api/watchlist", {"symbols": list(symbols)})

    def quotes(self, symbols: Iterable[str] | None = None) -> QuotesAnswer:
        """The newest quotes, of the watchlist unless symbols are named. Prices are exact decimal text."""
        return self._read(QuotesAnswer, "/api/quotes", symbols=_joined(symbols))

    def stream(self, symbols: Iterable[str] | None = None, after: str | None = None) -> Iterator[StreamEvent]:
        """Quotes as they come, for ever; `after` is the id of the last event that one has."""
        return follow(self._transport, "/api/quotes/stream", {"symbols": _joined(symbols)}, after)

    def ticks(self, symbol: str, start: Moment, end: Moment | None = None, **told: str | int) -> "pa.Table":
        """A symbol's ticks with `ts` in `[start, end)` as an Arrow table; `told` are source, columns and limit."""
        return self._table("/api/ticks", symbol=symbol, start=_instant(start), end=_instant(end), **told)

    def bars(
        self, symbol: str, timeframe: str, start: Moment | None = None, end: Moment | None = None, **told: str | int
    ) -> "pa.Table":
        """A symbol's bars that open in `[start, end)` as an Arrow table; `told` are source, last, limit and at."""
        query = {"symbol": symbol, "timeframe": timeframe, "start": _instant(start), "end": _instant(end)}
        return self._table("/api/bars", **query, **told)

    def jobs(self, **told: str | int) -> Iterator[JobAnswer]:
        """Analyses that were asked for, newest first, all of them; `told` are status, symbol and kind."""
        return self._pages(JobsAnswer, lambda page: page.jobs, "/api/jobs", **told)

    def submit_job(
        self, symbols: Iterable[str], *, idempotency_key: str | None = None, **asked: Any
    ) -> SubmittedAnswer:
        """Ask for an analysis; `asked` are kind, timeframe, start_date, end_date, asof and parameters.

        It is asked for once, also when the answer is lost and the call is made again with the same key.
        """
        body, key = {"symbols": list(symbols), **asked}, idempotency_key or uuid4().hex
        return self._change(SubmittedAnswer, "POST", "/api/jobs", body, key)

    def job(self, job_id: int) -> JobAnswer:
        """An analysis, and how far it is."""
        return self._read(JobAnswer, f"/api/jobs/{job_id:d}")

    def wait_for_job(self, job_id: int, within_s: float = 900.0) -> JobAnswer:
        """The analysis once it is finished, in whatever way; Unavailable when it is not `within_s` seconds from now."""
        deadline = time.monotonic() + within_s
        while (job := self.job(job_id)).status not in FINISHED:
            if time.monotonic() > deadline:
                raise Unavailable(f"job {job_id} is {job.status} after {within_s:.0f} s")
            time.sleep(LOOK_S)
        return job

    def cancel_job(self, job_id: int) -> JobAnswer:
        """Have an analysis end."""
        return self._change(JobAnswer, "POST", f"/api/jobs/{job_id:d}/cancel", {})

    def results(self, job_id: int) -> DocumentAnswer:
        """What an analysis found."""
        return self._read(DocumentAnswer, f"/api/jobs/{job_id:d}/results")

    def signals(self, symbol: str | None = None) -> SignalsAnswer:
        """The newest recommendation for each symbol."""
        return self._read(SignalsAnswer, "/api/signals", symbol=symbol)

    def premarket(self, day: Day = "latest", market: str | None = None) -> LadderAnswer:
        """What leads up to an open, and its verdict."""
        return self._read(LadderAnswer, f"/api/premarket/{_part(day)}", market=market)

    def premarket_report(self, day: Day = "latest", market: str | None = None) -> PremarketReportAnswer:
        """The report before an open."""
        return self._read(PremarketReportAnswer, f"/api/premarket/{_part(day)}/report", market=market)

    def predictions(self, **told: str | int | bool) -> Iterator[PredictionAnswer]:
        """The ledger of predictions, the latest first; `told` are symbol, horizon and resolved."""
        return self._pages(PredictionsAnswer, lambda page: page.predictions, "/api/predictions", **told)

    def ladders(self, **told: str | int) -> Iterator[LadderAnswer]:
        """What led up to each open of a market, the latest day first; `told` is market."""
        return self._pages(LaddersAnswer, lambda page: page.ladders, "/api/premarket", **told)

    def alerts(self, **told: str | int) -> Iterator[AlertAnswer]:
        """What is wrong, and who sees to it, the latest raised first; `told` are state, rule and severity."""
        return self._pages(AlertsAnswer, lambda page: page.alerts, "/api/alerts", **told)

    def acknowledge_alert(self, alert_id: int, note: str = "") -> AlertAnswer:
        """Say that one sees to it."""
        return self._change(AlertAnswer, "POST", f"/api/alerts/{alert_id:d}/acknowledge", {"note": note})

    def collectors(self) -> CollectorsAnswer:
        """How the sources are collected."""
        return self._read(CollectorsAnswer, "/api/collectors")

    def order_collector(self, source: str, order: str) -> CollectorAnswer:
        """Have a source started, stopped, restarted, or given back to its hours (auto)."""
        return self._change(CollectorAnswer, "POST", f"/api/collectors/{_part(source)}/{_part(order)}", {})

    def dead_letters(self, **told: str | int) -> Iterator[LetterSummary]:
        """What could not be stored, newest first; `told` are state, kind, source, symbol and day."""
        return self._pages(LettersAnswer, lambda page: page.dead_letters, "/api/dead-letters", **told)

    def losses(self, **told: str | int) -> Iterator[LossAnswer]:
        """Events that are gone, newest first; `told` are kind, source, symbol and day."""
        return self._pages(LossesAnswer, lambda page: page.losses, "/api/losses", **told)

    def gaps(self, **told: str | int) -> Iterator[GapAnswer]:
        """Stretches that storage lacks, newest found first; `told` are kind, source, symbol, day and state."""
        return self._pages(GapsAnswer, lambda page: page.gaps, "/api/gaps", **told)

    def partitions(self, **told: str | int) -> Iterator[PartitionAnswer]:
        """What the lake holds and lacks, newest day first; `told` are start, end, symbol and kind."""
        return self._pages(LakeAnswer, lambda page: page.partitions, "/api/lake", **told)

    def rolls(self, symbol: str, **told: int) -> Iterator[RollAnswer]:
        """When the contract behind a symbol changed, newest first."""
        return self._pages(RollsAnswer, lambda page: page.rolls, f"/api/instruments/{_part(symbol)}/rolls", **told)

    def audit(self, **told: str | int) -> Iterator[AuditEntryAnswer]:
        """What was done, newest first; for admins; `told` are actor and action."""
        return self._pages(AuditAnswer, lambda page: page.entries, "/api/audit", **told)

    def close(self) -> None:
        """Give the connections back."""
        self._transport.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _pages(
        self, shape: type[Paged], rows_of: Callable[[Paged], Iterable[Row]], path: str, **query: str | int
    ) -> Iterator[Row]:
        cursor: str | None = None
        while True:
            page = shape.model_validate_json(self._transport.read(path, {**query, "cursor": cursor}).content)
            yield from rows_of(page)
            if (cursor := page.next_cursor) is None:
                return

    def _read(self, shape: type[Answer], path: str, **query: str | int | None) -> Answer:
        return shape.model_validate_json(self._transport.read(path, query).content)

    def _change(
        self, shape: type[Answer], method: str, path: str, body: Mapping[str, Any], key: str | None = None
    ) -> Answer:
        return shape.model_validate_json(self._transport.change(method, path, body, key).content)

    def _table(self, path: str, **query: str | int | None) -> "pa.Table":
        import pyarrow as pa

        with pa.ipc.open_stream(self._transport.read(path, query, ARROW).content) as reader:
            return reader.read_all()


def _part(text: Day) -> str:
    return quote(str(text), safe="")


def _instant(moment: Moment | None) -> str | None:
    return moment.isoformat() if isinstance(moment, datetime) else moment


def _joined(symbols: Iterable[str] | None) -> str | None:
    return None if symbols is None else ",".join(symbols)
