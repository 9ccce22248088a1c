import logging
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.bus import keys
from app.ledger.balance import Key, lost_by_key
from app.ledger.evidence import open_evidence
from app.ledger.models import Loss, PublishedCount
from app.ledger.totals import sum_losses
from app.operations import loss_folding
from app.operations.loss_folding import fold_losses, fold_published, forget_published_tokens
from app.runtime import Runtime
from tests.factories import DAY

Sessions = sessionmaker[Session]
DROP = {"kind": "collector_drop", "source": "SCHWAB", "symbol": "ES", "session_date": "2025-10-09"}


def test_an_announced_loss_is_recorded_and_its_announcement_goes(rt: Runtime, bus: Redis, sessions: Sessions) -> None:
    bus.set(keys.GENERATION, "first")
    entry = bus.xadd(keys.LOSSES, {**DROP, "count": 7, "announcement": "a-1"})

    folded = fold_losses(rt)

    assert (folded, bus.xlen(keys.LOSSES)) == (1, 0)
    with sessions() as session:
        loss = session.scalars(select(Loss)).one()
    assert (loss.kind, loss.count, loss.source, loss.symbol, loss.session_date) == (
        "collector_drop",
        7,
        "SCHWAB",
        "ES",
        DAY,
    )
    assert (loss.ref, loss.detail) == (f"redis:first:{entry}", {"announcement": "a-1"})


def test_a_loss_of_which_nobody_knows_what_it_was_counts_and_is_no_evidence_for_another(
    rt: Runtime, bus: Redis, sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    bus.xadd(keys.LOSSES, {**DROP, "symbol": "", "session_date": "", "count": 7, "cause": "damaged spool"})

    assert fold_losses(rt) == 1

    with sessions() as session:
        loss = session.scalars(select(Loss)).one()
        assert (open_evidence(session), lost_by_key(session)) == ([], {})
        assert sum_losses(session)["collector_drop"] == 7
    assert (loss.source, loss.symbol, loss.session_date) == ("SCHWAB", "?", None)
    assert loss.detail == {"cause": "damaged spool"}
    assert "7 events lost (collector drop) of SCHWAB, symbol and day unknown" in caplog.text


def test_an_announcement_that_could_not_be_taken_away_is_counted_once(
    rt: Runtime, bus: Redis, sessions: Sessions
) -> None:
    bus.xadd(keys.LOSSES, {**DROP, "count": 7}, id="5-1")
    fold_losses(rt)
    bus.delete(keys.LOSSES)
    bus.xadd(keys.LOSSES, {**DROP, "count": 7}, id="5-1")

    assert fold_losses(rt) == 0
    with sessions() as session:
        assert session.scalars(select(Loss.count)).all() == [7]


def test_more_announcements_than_a_page_are_all_recorded(
    rt: Runtime, bus: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss_folding, "PAGE", 3)
    for _ in range(8):
        bus.xadd(keys.LOSSES, {"kind": "trimmed_unread", "count": 1})

    assert fold_losses(rt) == 8


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": "stolen", "count": "1"},
        {"kind": "trimmed_unread", "count": "many"},
        {"kind": "trimmed_unread", "count": "0"},
        {"kind": "trimmed_unread"},
        {**DROP, "count": "1", "session_date": "someday"},
    ],
)
def test_an_announcement_that_cannot_be_read_is_logged_and_keeps_no_other_from_being_recorded(
    rt: Runtime, bus: Redis, broken: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    bus.xadd(keys.LOSSES, broken)
    bus.xadd(keys.LOSSES, {**DROP, "count": 2})

    with caplog.at_level(logging.ERROR):
        folded = fold_losses(rt)

    assert (folded, bus.xlen(keys.LOSSES)) == (1, 0)
    assert "cannot be read" in caplog.text


def test_published_counts_survive_a_flush_and_never_shrink(rt: Runtime, bus: Redis) -> None:
    bus.hset(keys.published("SCHWAB", 5), "2025-10-09|ES", 10)
    fold_published(rt)
    bus.flushdb()
    bus.hset(keys.published("SCHWAB", 5), "2025-10-09|ES", 4)
    bus.hset(keys.published("SCHWAB", 6), "2025-10-09|ES", 1)

    assert fold_published(rt) == {Key("SCHWAB", "ES", DAY): 11}


def test_counts_of_old_tokens_are_forgotten_by_redis_alone(rt: Runtime, bus: Redis, sessions: Sessions) -> None:
    recent = rt.market.session_of(rt.clock.now()) - timedelta(days=7)
    bus.hset(keys.published("SCHWAB", 5), "2025-10-09|ES", 10)
    bus.hset(keys.published("SCHWAB", 6), f"{recent}|ES", 10)

    assert forget_published_tokens(rt) == 1
    assert not bus.exists(keys.published("SCHWAB", 5))
    with sessions() as session:
        assert len(session.scalars(select(PublishedCount)).all()) == 2
