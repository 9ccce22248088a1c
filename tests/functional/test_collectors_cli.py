import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from flask.testing import FlaskCliRunner
from redis import Redis

from app.bus import keys
from app.bus.hashes import write_hash
from app.bus.leases import acquire
from app.bus.stream import stream_state
from app.operations.wishes import want_simulation
from app.runtime import Runtime
from tests.feeds import FeedDesk, feed_desk
from tests.waiting import until

__all__ = ["feed_desk"]

NOWHERE = "postgresql://nobody:nothing@127.0.0.1:1/none"


@pytest.fixture
def only_redis(runner_on: Callable[..., FlaskCliRunner], tmp_path: Path) -> FlaskCliRunner:
    """The commands of a machine that has a workbook and an application at Schwab, and of all servers Redis alone."""
    return runner_on(
        database_url=NOWHERE,
        excel_data_file=tmp_path / "quotes.xlsx",
        schwab_client_id="id",
        schwab_client_secret="secret",
    )


@pytest.fixture
def stop_when() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Sends this process a SIGTERM once a condition holds, or at last when it does not."""
    waiting: list[Thread] = []

    def wait(condition: Callable[[], object]) -> None:
        def stop() -> None:
            try:
                until(condition)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)

        waiting.append(Thread(target=stop))
        waiting[-1].start()

    yield wait
    for thread in waiting:
        thread.join()


@pytest.mark.parametrize(("command", "source"), [("excel-to-redis", "EXCEL"), ("schwab-to-redis", "SCHWAB")])
def test_a_source_is_collected_where_there_is_only_redis(
    only_redis: FlaskCliRunner,
    bus: Redis,
    feed_desk: FeedDesk,
    stop_when: Callable[[Callable[[], object]], None],
    command: str,
    source: str,
) -> None:
    stop_when(lambda: stream_state(bus).added >= 10)

    answer = only_redis.invoke(args=[command])

    assert answer.exit_code == 0, answer.output
    assert f"{source} running, streaming: " in answer.output
    assert f"Stopped collecting {source}: {stream_state(bus).added:,} quotes published" in answer.output
    assert bus.hgetall(keys.desired(source)) == {"wanted": "0", "by": "hours"}


@pytest.mark.parametrize(
    ("command", "missing"),
    [("excel-to-redis", "EXCEL_DATA_FILE"), ("schwab-to-redis", "SCHWAB_CLIENT_ID and SCHWAB_CLIENT_SECRET")],
)
def test_without_its_settings_a_source_is_not_collected(runner: FlaskCliRunner, command: str, missing: str) -> None:
    answer = runner.invoke(args=[command])

    assert (answer.exit_code, f"set {missing}" in answer.output) == (2, True)


def test_a_second_process_is_refused_and_names_the_first(
    only_redis: FlaskCliRunner, bus: Redis, feed_desk: FeedDesk
) -> None:
    acquire(bus, keys.agent("EXCEL"), "epoch")

    answer = only_redis.invoke(args=["excel-to-redis"])

    assert answer.exit_code == 3
    assert f"another process is there for EXCEL: process {os.getpid()} on " in answer.output
    assert not bus.exists(keys.desired("EXCEL"))


def test_beside_simulated_quotes_a_source_is_refused(
    only_redis: FlaskCliRunner, rt: Runtime, feed_desk: FeedDesk
) -> None:
    want_simulation(rt, ["ES"], 1, 10.0)

    answer = only_redis.invoke(args=["excel-to-redis"])

    assert (answer.exit_code, "never mixes with them" in answer.output) == (3, True)


@pytest.mark.parametrize("command", ["excel-to-redis", "schwab-to-redis"])
def test_a_command_teaches_by_an_example(runner: FlaskCliRunner, command: str) -> None:
    answer = runner.invoke(args=[command, "--help"])

    assert answer.output.count(f"flask {command}") == 1


def test_the_collectors_are_listed(runner: FlaskCliRunner, bus: Redis) -> None:
    write_hash(bus, keys.desired("EXCEL"), {"wanted": "1", "by": "hand"})
    acquire(bus, keys.lease("SIMULATED"), keys.epoch("SIMULATED"))
    write_hash(bus, keys.health("SIMULATED"), {"state": "running", "rate": "99.9", "published": 12_345})

    answer = runner.invoke(args=["collectors"])

    assert answer.exit_code == 0, answer.output
    assert "EXCEL is wanted and nobody collects it: start `flask excel-to-redis`" in answer.output
    assert "99.9" in answer.output
    assert "12,345" in answer.output


def test_the_collectors_are_listed_for_programs(runner: FlaskCliRunner) -> None:
    listed = json.loads(runner.invoke(args=["collectors", "--json"]).output)

    assert [one["source"] for one in listed["collectors"]] == ["EXCEL", "SCHWAB", "SIMULATED"]


def test_a_source_is_ordered_about_and_told_of(runner_on: Callable[..., FlaskCliRunner], bus: Redis) -> None:
    runner = runner_on(schwab_client_id="id", schwab_client_secret="secret", session_sources="SCHWAB")

    wishes = []
    for order in ("--start", "--restart", "--stop", "--auto"):
        answer = runner.invoke(args=["collectors", f"{order}=SCHWAB"])
        assert (answer.exit_code, "SCHWAB" in answer.output) == (0, True), answer.output
        wishes.append((bus.hget(keys.desired("SCHWAB"), "wanted"), bus.hget(keys.desired("SCHWAB"), "by")))

    assert wishes[:3] == [("1", "hand"), ("1", "hand"), ("0", "hand")]
    assert wishes[3][1] == "hours"


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (["--start=EXCEL"], 3),
        (["--auto=TELEX"], 2),
        (["--restart=SIMULATED"], 3),
        (["--start=EXCEL", "--stop=EXCEL"], 2),
    ],
)
def test_an_order_that_cannot_be_followed_is_refused(
    runner: FlaskCliRunner, bus: Redis, order: list[str], code: int
) -> None:
    answer = runner.invoke(args=["collectors", *order])

    assert (answer.exit_code, bus.keys("collector:*:desired")) == (code, [])


def test_the_status_shows_how_a_collector_stands(runner: FlaskCliRunner, bus: Redis) -> None:
    write_hash(bus, keys.desired("EXCEL"), {"wanted": "1", "by": "hand"})

    shown = json.loads(runner.invoke(args=["status", "--json"]).output)["pipeline"]["sources"]["EXCEL"]

    assert (shown["state"], shown["by"]) == ("no collector", "hand")
    assert "start `flask excel-to-redis`" in shown["detail"]
