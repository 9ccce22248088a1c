import pytest
from redis import Redis

from app.bus import keys
from app.bus.hashes import write_hash
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.jobs.service import STATUSES
from app.operations import pipeline
from app.operations.pipeline import failures, ingestors, pipeline_state, sources
from app.runtime import Runtime
from app.settings import load_settings
from app.ticks.partitions import ensure_partitions
from tests.factories import DAY, quotes
from tests.fakes import RecordingDispatch


def test_an_empty_system_has_every_stop_at_zero(rt: Runtime) -> None:
    state = pipeline_state(rt)

    assert not failures(state)
    assert state["stream"] == {"length": 0, "added": 0, "fill_percent": 0.0, "lag": 0, "pending": 0}
    assert state["ticks"] == {"total": 0, "as_of": None, "days": 0, "by_day": {}, "dead_letters": 0}
    assert state["lake"] == {"days": 0, "by_day": {}}
    assert state["analyses"] == {**dict.fromkeys(STATUSES, 0), "oldest_pending_s": 0.0}
    assert set(state["calendar"]["checked_until"]) == set(rt.markets.names)


def test_published_quotes_are_behind_until_they_are_stored(rt: Runtime, bus: Redis) -> None:
    lease = acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))
    QuotePublisher(bus, lease).publish(quotes(5))

    state = pipeline_state(rt, stream_cap=10)

    assert state["stream"] == {"length": 5, "added": 5, "fill_percent": 50.0, "lag": 5, "pending": 0}
    assert sources(bus, rt.clock.now())["REPLAY"]["holder"]


def test_entries_that_are_no_text_are_counted_as_others_are(rt: Runtime, bus: Redis) -> None:
    bus.xadd(keys.STREAM, {b"symbol": b"\xff\xfe"})

    state = pipeline_state(rt, stream_cap=10)

    assert state["stream"] == {"length": 1, "added": 1, "fill_percent": 10.0, "lag": 1, "pending": 0}


def test_whatever_is_wrong_with_one_stop_is_told_in_its_place_and_the_rest_is_shown(
    rt: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_stores: object) -> None:
        raise ValueError("what nobody thought of\nin many lines")

    monkeypatch.setattr(pipeline, "ingestors", fail)

    state = pipeline_state(rt)

    assert state["ingestors"] == {"error": "ValueError: what nobody thought of"}
    assert failures(state) == ["ingestors"]


def test_what_waits_on_a_collectors_disk_is_shown(bus: Redis, rt: Runtime) -> None:
    acquire(bus, keys.lease("SCHWAB"), keys.epoch("SCHWAB"))
    write_hash(bus, keys.health("SCHWAB"), {"published": 9, "spooled": 4, "dropped": 1, "state": "spooling"})

    shown = sources(bus, rt.clock.now())["SCHWAB"]

    assert isinstance(shown, dict)
    assert [shown[name] for name in ("spooled", "dropped", "damaged", "state")] == [4, 1, 0, "spooling"]


def test_the_ledger_shows_the_running_day_and_the_last_closed_one(rt: Runtime) -> None:
    now = rt.clock.now()
    days = {rt.market.session_of(now).isoformat(), rt.market.last_completed(now, 1)[0].day.isoformat()}

    state = pipeline_state(rt)

    nothing = {"losses": {}, "dead_letters_open": 0, "gaps_open": 0}
    assert state["ledger"] == dict.fromkeys(sorted(days, reverse=True), "never balanced") | nothing


def test_a_running_ingestor_shows_its_totals_and_the_age_of_its_progress(rt: Runtime, bus: Redis) -> None:
    acquire(bus, keys.ingest_lease("worker"), "epoch")
    now = rt.clock.now()
    health = {"read": 9, "written": 7, "state": "running", "progress_ms": int(now.timestamp() * 1000) - 4000}
    write_hash(bus, keys.ingest_health("worker"), health)

    shown = ingestors(bus, now)

    assert list(shown) == ["worker"]
    assert (shown["worker"]["read"], shown["worker"]["written"], shown["worker"]["state"]) == (9, 7, "running")
    assert 3.9 <= float(str(shown["worker"]["progress_age_s"])) <= 4.1


def test_a_server_that_is_away_is_named_and_the_rest_is_shown(rt: Runtime, tmp_path: object) -> None:
    from flask import Flask

    from app.wiring import wire

    nowhere = load_settings(
        _env_file=None,
        database_url=rt.settings.database_url,
        redis_url="redis://127.0.0.1:1/0",
        state_dir=rt.settings.state_dir,
    )
    half = wire(Flask("half"), nowhere, RecordingDispatch())
    with half.sessions.begin() as session:
        ensure_partitions(session, [DAY])

    state = pipeline_state(half)

    assert set(failures(state)) == {"sources", "agreement", "stream", "ingestors", "bucket"}
    assert state["ticks"]["total"] == 0
