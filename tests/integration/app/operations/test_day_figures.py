import logging
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from app.bus.stream import QuotePublisher
from app.lake.layout import TICKS
from app.lake.manifest import mark_purged, record_file
from app.operations.reconciling import reconcile
from app.runtime import Runtime
from app.ticks.partitions import partition_name
from tests.factories import DAY, quote, quotes
from tests.ticks import LATER, write_ticks

Sessions = sessionmaker[Session]


@pytest.fixture
def purged(rt: Runtime, publisher: QuotePublisher, drain: Callable, sessions: Sessions) -> None:
    """A day with ticks of two sources, balanced, and now in the lake alone."""
    publisher.publish(quotes(6))
    drain()
    reconcile(rt)
    move_to_lake(rt, sessions, 6)


def test_a_day_that_went_to_the_lake_is_not_counted_again(rt: Runtime, purged: None) -> None:
    assert reconcile(rt).days == []


def test_a_day_in_the_lake_is_balanced_by_its_files_when_its_figures_change(
    rt: Runtime, purged: None, publisher: QuotePublisher, drain: Callable
) -> None:
    publisher.publish(quotes(2, first_seq=50))
    drain()

    [balance] = reconcile(rt).balances

    assert (balance.published, balance.stored, balance.verdict) == (8, 8, "balanced")


def test_rows_of_the_lake_are_counted_by_their_source(
    rt: Runtime, publisher: QuotePublisher, drain: Callable, sessions: Sessions
) -> None:
    publisher.publish(quotes(6))
    drain()
    move_to_lake(rt, sessions, 6, others=3)

    found = reconcile(rt).balances

    assert [(one.source, one.stored, one.verdict) for one in found] == [
        ("REPLAY", 6, "balanced"),
        ("SCHWAB", 3, "surplus"),
    ]


def test_a_file_that_cannot_be_read_makes_nothing_look_lost(
    rt: Runtime,
    purged: None,
    publisher: QuotePublisher,
    drain: Callable,
    caplog: pytest.LogCaptureFixture,
) -> None:
    rt.lake.ticks_file(DAY, "ES").write_bytes(b"PAR1, or so it says")
    publisher.publish(quotes(2, first_seq=50))
    drain()

    with caplog.at_level(logging.ERROR):
        found = reconcile(rt)

    assert found.balances == []
    assert "cannot be balanced" in caplog.text


def move_to_lake(rt: Runtime, sessions: Sessions, count: int, others: int = 0) -> None:
    """What the retention does, without its proofs."""
    made = [*quotes(count), *(quote(seq=100 + number, source="SCHWAB") for number in range(others))]
    facts = write_ticks(rt.lake, made)
    with sessions.begin() as session:
        path = rt.lake.ticks_file(DAY, "ES").relative_to(rt.lake.root).as_posix()
        record_file(session, TICKS, DAY, "ES", path, facts, LATER)
        mark_purged(session, DAY, ["ES"], LATER)
        session.execute(text(f"DROP TABLE {partition_name(DAY)}"))
