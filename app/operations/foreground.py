"""Doing in this process what the queues would do for the market timetable."""

from dataclasses import replace
from datetime import date
from typing import TypeVar

from app.dispatch import Dispatch
from app.operations.closing import close_unless_under_way
from app.operations.reconciling import reconcile_unless_under_way
from app.stores import Stores

AnyStores = TypeVar("AnyStores", bound=Stores)


def in_foreground(stores: AnyStores) -> AnyStores:
    """The stores with a way to the workers that closes and balances sessions at once, here; the rest goes to them."""
    return replace(stores, dispatch=_Foreground(stores))


class _Foreground(Dispatch):
    def __init__(self, stores: Stores) -> None:
        self._stores, self._workers = stores, stores.dispatch

    def close_session(self, market: str, day: date) -> None:
        close_unless_under_way(self._stores, market, day)

    def reconcile(self) -> None:
        reconcile_unless_under_way(self._stores)

    def start_collector(self, source: str) -> None:
        self._workers.start_collector(source)

    def start_ingest(self, slot: int) -> None:
        self._workers.start_ingest(slot)

    def export_session(self, market: str, day: date) -> None:
        self._workers.export_session(market, day)

    def push_lake(self) -> None:
        self._workers.push_lake()

    def prepare_stage(self, market: str, day: date, stage: str) -> None:
        self._workers.prepare_stage(market, day, stage)

    def run_job(self, job_id: int, *, urgent: bool = False) -> None:
        self._workers.run_job(job_id, urgent=urgent)

    def deliver_alerts(self) -> None:
        self._workers.deliver_alerts()

    def apply_retention(self, market: str) -> None:
        self._workers.apply_retention(market)

    def probe(self, queue: str) -> None:
        self._workers.probe(queue)
