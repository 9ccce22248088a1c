from datetime import timedelta

import pytest
from redis import Redis

from app.bus import keys
from app.bus.hashes import write_hash
from app.bus.leases import acquire
from app.operations.source_standing import SourceStanding, read_standings
from tests.factories import MOMENT

STEADY_MS = int(MOMENT.timestamp() * 1000)


def test_sources_of_which_nothing_is_known_have_no_standing(bus: Redis) -> None:
    assert read_standings(bus) == {}


@pytest.mark.parametrize(
    ("feed", "steady_ms", "is_steady", "is_streaming"),
    [
        ("streaming", str(STEADY_MS), True, True),
        ("streaming", "", False, True),
        ("streaming", "0", False, True),
        ("fallback", str(STEADY_MS), False, False),
        ("needs login", "", False, False),
    ],
)
def test_a_source_at_work_stands_as_its_feed_says(
    bus: Redis, feed: str, steady_ms: str, is_steady: bool, is_streaming: bool
) -> None:
    acquire(bus, keys.lease("SCHWAB"), keys.epoch("SCHWAB"))
    write_hash(bus, keys.health("SCHWAB"), {"state": "running", "feed": feed, "steady_ms": steady_ms})

    found = read_standings(bus)["SCHWAB"]

    assert found == SourceStanding("SCHWAB", True, feed, MOMENT if is_steady else None)
    assert found.is_streaming == is_streaming


def test_a_source_that_only_holds_its_lease_runs(bus: Redis) -> None:
    acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))

    assert read_standings(bus) == {"REPLAY": SourceStanding("REPLAY", True, "running")}


@pytest.mark.parametrize(
    ("wanted", "state", "expected"),
    [
        ("1", "running", "failed"),
        ("1", "stopped", "failed"),
        ("0", "running", "failed"),
        ("0", "failed", "failed"),
        ("0", "stopped", "stopped"),
    ],
)
def test_a_source_without_a_holder_has_failed_unless_it_was_stopped(
    bus: Redis, wanted: str, state: str, expected: str
) -> None:
    write_hash(bus, keys.desired("EXCEL"), {"wanted": wanted})
    steady_ms = STEADY_MS + timedelta(seconds=1) // timedelta(milliseconds=1)
    write_hash(bus, keys.health("EXCEL"), {"state": state, "feed": "streaming", "steady_ms": steady_ms})

    assert read_standings(bus) == {"EXCEL": SourceStanding("EXCEL", False, expected)}
