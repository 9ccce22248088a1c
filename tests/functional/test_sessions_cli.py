import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner
from sqlalchemy import select

from app.bus import keys
from app.bus.stream import QuotePublisher
from app.desk.models import MarketEvent
from app.operations.wishes import SIMULATED, is_wanted
from app.runtime import Runtime
from app.settings import Settings
from tests.desk_days import (
    Trade,
    certificates,
    events_recorded,
    no_patience,
    snapshots,
    statuses,
    trade,
    trade_at,
    traded,
    watch_only,
)
from tests.fakes import FixedClock, RecordingDispatch
from tests.ingesting import drain, ingestor, publisher
from tests.lake_days import purge
from tests.servers import ROOT
from tests.waiting import until

__all__ = ["drain", "ingestor", "no_patience", "publisher", "trade"]

ES, FX = "CME_Futures", "CME_FX"
THURSDAY, FRIDAY = date(2025, 10, 9), date(2025, 10, 10)
OPEN, CLOSE = datetime(2025, 10, 8, 22, tzinfo=UTC), datetime(2025, 10, 9, 21, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(CLOSE - HOUR)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"session_sources": SIMULATED})


@pytest.fixture(autouse=True)
def watched(rt: Runtime) -> None:
    watch_only(rt, "ES")


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2025-10-09T15:30:00Z", "CME_Futures: open of 2025-10-09, due 2025-10-08 22:00 UTC, not planned yet"),
        ("2025-10-08T22:00:00Z", "CME_Futures: open of 2025-10-09, due 2025-10-08 22:00 UTC, not planned yet"),
        ("2025-10-09T21:00:00Z", "CME_Futures: open of 2025-10-10, due 2025-10-09 22:00 UTC, not planned yet"),
        ("2025-10-11T12:00:00-05:00", "CME_Futures: open of 2025-10-13, due 2025-10-12 22:00 UTC, not planned yet"),
        ("2025-11-02T06:30:00Z", "CME_Futures: open of 2025-11-03, due 2025-11-02 23:00 UTC, not planned yet"),
    ],
    ids=["in a session", "at the open", "at the close", "on a weekend", "in the doubled hour"],
)
def test_an_open_s_plan_is_that_of_the_present_or_coming_session(
    runner: FlaskCliRunner, rt: Runtime, at: str, told: str
) -> None:
    result = runner.invoke(args=["trigger-market-open", "--dry-run", "--at", at])

    assert (result.exit_code, result.output.splitlines()[0]) == (0, told)
    assert "  1. keep the last price of each symbol, of the session " in result.output
    assert_untouched(rt)


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2025-10-09T15:30:00Z", "CME_Futures: close of 2025-10-09, due 2025-10-09 21:00 UTC, not planned yet"),
        ("2025-10-09T21:00:00Z", "CME_Futures: close of 2025-10-09, due 2025-10-09 21:00 UTC, not planned yet"),
        ("2025-10-11T12:00:00Z", "CME_Futures: close of 2025-10-10, due 2025-10-10 21:00 UTC, not planned yet"),
        ("2025-09-01T16:59:59Z", "CME_Futures: close of 2025-09-01, due 2025-09-01 17:00 UTC, not planned yet"),
    ],
    ids=["in a session", "at the close", "on a weekend", "on a holiday"],
)
def test_a_close_s_plan_is_that_of_the_running_or_last_session(
    runner: FlaskCliRunner, rt: Runtime, at: str, told: str
) -> None:
    result = runner.invoke(args=["trigger-market-close", "--dry-run", "--at", at])

    assert (result.exit_code, result.output.splitlines()[0]) == (0, told)
    assert "certify the session of CME_Futures" in result.output
    assert_untouched(rt)


def test_a_plan_names_each_watched_market_with_its_own_hours(runner: FlaskCliRunner, rt: Runtime) -> None:
    watch_only(rt, "ES", "6E", "CL")

    output = runner.invoke(args=["trigger-market-close", "--dry-run", "--date", "2025-09-01"]).output

    assert [line for line in output.splitlines() if "due" in line] == [
        "CME_Futures: close of 2025-09-01, due 2025-09-01 17:00 UTC, not planned yet",
        "CME_FX: close of 2025-09-01, due 2025-09-01 21:00 UTC, not planned yet",
        "CME_Energy_Metals: close of 2025-09-01, due 2025-09-01 18:30 UTC, not planned yet",
    ]


def test_an_open_by_hand_opens_the_running_session_and_a_second_one_says_so(
    runner: FlaskCliRunner, rt: Runtime, trade: Trade, dispatch: RecordingDispatch
) -> None:
    trade(trade_at(OPEN - HOUR - MINUTE))

    first = runner.invoke(args=["trigger-market-open"])
    sent = list(dispatch.sent)
    second = runner.invoke(args=["trigger-market-open"])

    assert (first.exit_code, first.output) == (0, "CME_Futures on 2025-10-09: opened (late)\n")
    assert (second.exit_code, second.output) == (0, "CME_Futures on 2025-10-09: was open before\n")
    assert sent == dispatch.sent == [("start_ingest", 1)]
    assert snapshots(rt)[ES, THURSDAY].baseline["ES"]["session_date"] == "2025-10-08"
    assert statuses(rt) == {(THURSDAY, "open"): "late"}


def test_an_open_by_hand_has_the_collectors_run_that_follow_market_hours(runner: FlaskCliRunner, rt: Runtime) -> None:
    before = is_wanted(rt, SIMULATED)

    runner.invoke(args=["trigger-market-open", "--market", ES])

    assert (before, is_wanted(rt, SIMULATED)) == (False, True)


@pytest.mark.parametrize("event", ["open", "close"])
@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--date", "2025-12-25"], 2, "CME_Futures has no session on 2025-12-25, it is Christmas"),
        (["--date", "2025-10-11"], 2, "CME_Futures has no session on 2025-10-11: see `flask calendar"),
        (["--date", "2025-12-25", "--dry-run"], 2, "it is Christmas"),
        (["--market", "CME_FX", "--date", "2025-04-18"], 2, "CME_FX has no session on 2025-04-18, it is Good Friday"),
        (["--market", "XETRA"], 2, "no market is called 'XETRA': known are CME_Futures"),
        (["--date", "09.10.2025"], 2, "'09.10.2025' is not a date of the form YYYY-MM-DD"),
        (["--date", "2025-02-30"], 2, "is not a date"),
        (["--date", "1999-10-07"], 2, "is outside the calendar of CME_Futures"),
        (["--at", "2025-10-09T15:30:00Z"], 2, "give it together with --dry-run"),
        (["--dry-run", "--at", "2025-10-09T15:30"], 2, "has no offset"),
        (["--dry-run", "--at", "noon"], 2, "is not an ISO 8601 time"),
        (["--date", "2025-10-10"], 3, "2025-10-10"),
        (["--dates", "2025-10-10"], 2, "--dates"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    runner: FlaskCliRunner, rt: Runtime, event: str, arguments: list[str], code: int, told: str
) -> None:
    result = runner.invoke(args=[f"trigger-market-{event}", *arguments])

    assert (result.exit_code, result.output.count("\n")) == (code, 1)
    assert told in result.output
    assert_untouched(rt)


def test_an_open_of_a_session_that_is_over_is_refused_with_what_helps(runner: FlaskCliRunner, rt: Runtime) -> None:
    result = runner.invoke(args=["trigger-market-open", "--date", "2025-10-08"])

    assert result.exit_code == 3
    assert "is over: use `flask backfill-session --date=2025-10-08`" in result.output
    assert_untouched(rt)


def test_an_open_while_the_market_is_closed_is_refused(runner: FlaskCliRunner, rt: Runtime, clock: FixedClock) -> None:
    clock.advance(HOUR + MINUTE)

    result = runner.invoke(args=["trigger-market-open"])

    assert result.exit_code == 3
    assert "CME_Futures opens at 2025-10-09 22:00 UTC on 2025-10-10, and is opened by itself then" in result.output
    assert_untouched(rt)


def test_where_one_of_several_markets_cannot_be_opened_none_is(
    runner: FlaskCliRunner, rt: Runtime, clock: FixedClock
) -> None:
    watch_only(rt, "6E", "ES")
    clock.advance(datetime(2025, 9, 1, 17, 30, tzinfo=UTC) - clock.now())

    result = runner.invoke(args=["trigger-market-open", "--date", "2025-09-01"])

    assert result.exit_code == 3
    assert "the session of CME_Futures on 2025-09-01 is over" in result.output
    assert_untouched(rt)


def test_where_one_of_several_sessions_runs_none_is_closed(
    runner: FlaskCliRunner, rt: Runtime, clock: FixedClock
) -> None:
    watch_only(rt, "ES", "6E")
    clock.advance(datetime(2025, 9, 1, 17, 30, tzinfo=UTC) - clock.now())

    result = runner.invoke(args=["trigger-market-close", "--date", "2025-09-01"])

    assert result.exit_code == 3
    assert "the session of CME_FX on 2025-09-01 is not over" in result.output
    assert_untouched(rt)


def test_a_close_while_the_session_runs_is_refused(runner: FlaskCliRunner, rt: Runtime) -> None:
    result = runner.invoke(args=["trigger-market-close"])

    assert result.exit_code == 3
    assert "is not over: it closes at 2025-10-09 21:00 UTC, and is closed by itself then" in result.output
    assert_untouched(rt)


def test_a_close_by_hand_completes_the_session_and_a_second_one_says_so(
    runner: FlaskCliRunner, rt: Runtime, clock: FixedClock, trade: Trade
) -> None:
    clock.advance(HOUR + 2 * MINUTE)
    trade(*traded(rt.market.session(THURSDAY)))

    first = runner.invoke(args=["trigger-market-close"])
    made_at = certificates(rt)[ES, THURSDAY].made_at
    clock.advance(HOUR - 3 * MINUTE)
    second = runner.invoke(args=["trigger-market-close"])

    figures = "certificate complete: 461 ticks of 1 symbols, 1,380 of 1,380 minutes, 1 files\n"
    assert first.exit_code == second.exit_code == 0
    assert first.output.endswith(f"CME_Futures on 2025-10-09: closed (late), {figures}")
    assert second.output == f"CME_Futures on 2025-10-09: was closed before, {figures}"
    assert certificates(rt)[ES, THURSDAY].made_at == made_at


def test_a_session_that_cannot_be_certified_ends_with_3_and_says_why(
    runner: FlaskCliRunner, rt: Runtime, clock: FixedClock, trade: Trade
) -> None:
    clock.advance(HOUR + 2 * MINUTE)
    trade(*traded(rt.market.session(THURSDAY)))
    runner.invoke(args=["trigger-market-close"])
    purge(rt.sessions, THURSDAY)
    path = rt.lake.ticks_file(THURSDAY, "ES")
    path.write_bytes(path.read_bytes()[:60] + b"?" + path.read_bytes()[61:])

    result = runner.invoke(args=["backfill-session", "--date", "2025-10-09"])

    assert result.exit_code == 3
    assert "certificate failed" in result.output
    assert "  - " in result.output
    assert "symbol=ES/ticks.parquet is damaged" in result.output


def test_a_stream_that_is_not_stored_ends_with_1(
    runner: FlaskCliRunner, rt: Runtime, clock: FixedClock, publisher: QuotePublisher
) -> None:
    clock.advance(HOUR + 2 * MINUTE)
    publisher.publish([trade_at(CLOSE - MINUTE)])

    result = runner.invoke(args=["trigger-market-close"])

    assert result.exit_code == 1
    assert "1 events of the stream are not stored yet" in result.output
    assert certificates(rt) == {}


def test_a_backfill_completes_a_past_session_and_a_second_one_makes_nothing_twice(
    runner: FlaskCliRunner, rt: Runtime, clock: FixedClock, trade: Trade
) -> None:
    clock.advance(timedelta(days=20))
    trade(*traded(rt.market.session(THURSDAY)))

    first = runner.invoke(args=["backfill-session", "--date", "2025-10-09"])
    second = runner.invoke(args=["backfill-session", "--date", "2025-10-09"])

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "CME_Futures on 2025-10-09: closed (late), certificate complete: 461 ticks" in first.output
    assert "CME_Futures on 2025-10-09: was closed before, certificate complete: 461 ticks" in second.output
    assert events_recorded(rt).keys() == {(ES, THURSDAY, "close")}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ([], 2, "--date"),
        (["--date", "2025-07-04", "--market", "US_Equity"], 2, "US_Equity has no session on 2025-07-04"),
        (["--date", "2025-12-25"], 2, "it is Christmas"),
        (["--date", "2025-10-09"], 3, "is not over"),
        (["--date", "2025-10-13"], 3, "is not over"),
        (["--date", "2025-10-08", "--market", "NYSE"], 2, "no market is called 'NYSE'"),
        (["--date", "yesterday"], 2, "is not a date"),
    ],
)
def test_a_backfill_that_cannot_be_is_refused_in_one_line(
    runner: FlaskCliRunner, rt: Runtime, arguments: list[str], code: int, told: str
) -> None:
    result = runner.invoke(args=["backfill-session", *arguments])

    assert (result.exit_code, result.output.count("\n")) == (code, 1)
    assert told in result.output
    assert_untouched(rt)


@pytest.fixture
def monitor(database_url: str, redis_url: str, rt: Runtime, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`flask market-monitor` as a process on the servers of this worker."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    settings = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "STATE_DIR": str(tmp_path), "FLASK_APP": "wsgi"}
    command = [sys.executable, "-u", "-m", "flask", "market-monitor", "--every", "1"]
    with (tmp_path / "monitor.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=inherited | settings, stdout=log, stderr=log)
    yield process
    process.kill()
    process.wait()


def test_the_monitor_shows_states_and_acts_until_it_is_told_to_end(
    monitor: subprocess.Popen[str], rt: Runtime, tmp_path: Path
) -> None:
    def shown() -> str:
        assert monitor.poll() is None, (tmp_path / "monitor.log").read_text()
        return (tmp_path / "monitor.log").read_text()

    until(lambda: "planned: close of CME_Futures" in shown() and planned(rt))
    monitor.send_signal(signal.SIGTERM)

    assert monitor.wait(20) == 0
    lines = (tmp_path / "monitor.log").read_text().splitlines()
    assert [line for line in lines if line.startswith("CME_Futures is ")]
    assert not [line for line in lines if "Traceback" in line]


def planned(rt: Runtime) -> list[MarketEvent]:
    with rt.sessions() as session:
        return list(session.scalars(select(MarketEvent).where(MarketEvent.event == "close")))


def assert_untouched(rt: Runtime) -> None:
    """Nothing was recorded, kept, or asked for."""
    assert (statuses(rt), statuses(rt, FX), snapshots(rt)) == ({}, {}, {})
    assert not rt.redis.exists(keys.baseline("ES"), keys.desired(SIMULATED))
    assert isinstance(rt.dispatch, RecordingDispatch)
    assert rt.dispatch.sent == []
