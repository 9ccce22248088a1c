"""What a feed goes on from, when the collector of its source begins anew."""

from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from app.collectors.progress import begin_health, write_health
from app.collectors.schwab.feed import SchwabFeed
from app.collectors.schwab.plan import SchwabPlan
from app.local.ports import free_port
from app.operations.feeds import schwab_feed
from app.runtime import Runtime


def test_while_postgres_is_away_schwab_is_asked_for_what_it_was_before(
    rt: Runtime, bus: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(
        SchwabFeed, "__init__", lambda _self, _plan, symbols, *_rest, **_more: asked.append(list(symbols))
    )
    nowhere = create_engine(f"postgresql+psycopg2://u:p@127.0.0.1:{free_port()}/d")
    write_health(bus, "SCHWAB", {"state": "running", "symbols": "ES,6E"})
    begin_health(bus, "SCHWAB", {"state": "starting"})
    plan = SchwabPlan("id", "secret", "https://127.0.0.1:8182", tmp_path / "token.json", "http://127.0.0.1:1", None, ())

    schwab_feed(replace(rt, sessions=sessionmaker(nowhere)), plan, {})(lambda: 1)

    assert asked == [["ES", "6E"]]
