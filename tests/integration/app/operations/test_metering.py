import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from app.bus import keys
from app.bus.hashes import write_hash
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.jobs.running import run_job
from app.jobs.watching import RunLimits
from app.ledger.losses import record_loss
from app.local.ports import free_port
from app.operations.accounting import ledger_figures
from app.operations.metering import read_bus, read_database
from app.stores import Stores
from tests.analyses import SteppedAnalysis, ask
from tests.factories import quotes


def test_an_empty_bus_has_a_stream_and_nothing_else(bus, rt):
    numbers = read_bus(bus, rt.clock.now(), 100).figures

    assert (numbers["stream_length"], numbers["stream_lag"], numbers["stream_pending"]) == ({(): 0},) * 3
    assert not any(name.startswith(("source", "ingestor")) for name in numbers)


def test_stream_sources_and_ingestors_are_read(bus, rt):
    QuotePublisher(bus, acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))).publish(quotes(5))
    now = rt.clock.now()
    now_ms = int(now.timestamp() * 1000)
    write_hash(bus, keys.health("SCHWAB"), {"published": 9, "spooled": 4, "dropped": 1, "at_ms": now_ms - 2000})
    for name, read in {"one": 3, "two": 5}.items():
        acquire(bus, keys.ingest_lease(name), f"epoch:{name}")
        write_hash(bus, keys.ingest_health(name), {"read": read, "progress_ms": now_ms - 4000})

    numbers = read_bus(bus, now, 50).figures

    assert (numbers["stream_length"], numbers["stream_fill_percent"], numbers["stream_lag"]) == (
        {(): 5},
        {(): 10},
        {(): 5},
    )
    assert numbers["source_spooled"] == {("SCHWAB",): 4, ("REPLAY",): 0}
    assert numbers["source_wanted"] == {("SCHWAB",): False, ("REPLAY",): False}
    assert numbers["source_age_s"] == {("SCHWAB",): pytest.approx(2, abs=0.1)}
    assert numbers["ingestor_read"] == {("one",): 3, ("two",): 5}
    assert numbers["ingestor_progress_age_s"] == {(name,): pytest.approx(4, abs=0.1) for name in ("one", "two")}


def test_the_ledger_is_read_under_the_names_of_its_figures(rt, sessions):
    with sessions.begin() as session:
        record_loss(session, "collector_drop", "test:1", 12)

    check = read_database(rt)

    assert check.ok
    told = {name: numbers for name, numbers in check.figures.items() if name.startswith("ledger_")}
    assert told == {f"ledger_{name}": numbers for name, numbers in ledger_figures(rt).items()}
    assert check.figures["ledger_losses"][("collector_drop",)] == 12


def test_analyses_are_counted_by_status(rt, sessions):
    ask(rt, "ES")
    ask(rt, "NQ")
    run_job(rt, ask(rt, "CL"), RunLimits(), worker="test", analyse=SteppedAnalysis())

    figures = read_database(rt).figures

    assert figures["jobs"] == {
        ("pending",): 2, ("running",): 0, ("done",): 1, ("failed",): 0, ("cancelled",): 0
    }  # fmt: skip
    assert 0 <= figures["jobs_oldest_pending_s"][()] < 60


def test_a_database_that_is_away_is_told(rt):
    nowhere = create_engine(f"postgresql+psycopg2://u:p@127.0.0.1:{free_port()}/d")

    check = read_database(Stores(**{**stores_of(rt), "sessions": sessionmaker(nowhere)}))

    assert (check.ok, check.figures) == (False, {})


def stores_of(rt):
    return {name: getattr(rt, name) for name in Stores.__dataclass_fields__}
