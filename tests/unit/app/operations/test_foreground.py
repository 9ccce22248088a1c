from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from app.operations import foreground
from app.operations.foreground import in_foreground
from tests.fakes import RecordingDispatch

DAY = date(2025, 10, 9)


@dataclass(frozen=True)
class Holder:
    """Of stores nothing but the way to the workers."""

    dispatch: Any


def test_closes_and_balances_are_done_here_and_everything_else_by_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[object, ...]] = []
    monkeypatch.setattr(foreground, "close_unless_under_way", lambda stores, *what: done.append((stores, *what)))
    monkeypatch.setattr(foreground, "reconcile_unless_under_way", lambda stores: done.append((stores,)))
    stores = Holder(RecordingDispatch())

    dispatch = in_foreground(stores).dispatch
    dispatch.close_session("CME_Futures", DAY)
    dispatch.reconcile()
    dispatch.start_collector("SIMULATED")
    dispatch.start_ingest(2)
    dispatch.export_session("CME_Futures", DAY)
    dispatch.apply_retention("CME_Futures")
    dispatch.probe("export")

    assert done == [(stores, "CME_Futures", DAY), (stores,)]
    assert stores.dispatch.sent == [
        ("start_collector", "SIMULATED"),
        ("start_ingest", 2),
        ("export_session", "CME_Futures", DAY),
        ("apply_retention", "CME_Futures"),
        ("probe", "export"),
    ]
