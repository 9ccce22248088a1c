"""`flask instruments`, `flask watchlist` and `flask rolls`."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from apiflask import APIFlask
from flask.testing import FlaskCliRunner
from redis import Redis

from app.errors import Unavailable
from app.instruments.catalogue import CATALOGUE, DEFAULT_WATCHLIST
from app.instruments.roll_history import record_changes
from app.instruments.rolls import Change
from app.operations.wishes import want_in_session
from app.runtime import EXTENSION, Runtime
from tests.fakes import FixedClock

START = datetime(2025, 9, 14, 22, tzinfo=UTC)
ROLLED = datetime(2025, 12, 14, 23, tzinfo=UTC)
NOW = ROLLED + timedelta(minutes=2, seconds=1, microseconds=5)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def rolled(rt: Runtime) -> Runtime:
    changes = [
        Change("first", None, "ESZ25", None, START),
        Change("roll", "ESZ25", "ESH26", ROLLED - timedelta(seconds=1), ROLLED),
        Change("switch", "ESH26", "ESZ25", ROLLED + timedelta(minutes=1), ROLLED + timedelta(seconds=61)),
    ]
    with rt.sessions.begin() as session:
        record_changes(session, "ES", "SCHWAB", changes, datetime.date, after=0, now=NOW)
    return rt


def test_instruments_are_shown_with_what_a_trader_asks_for(rolled: Runtime, runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["instruments"])

    assert result.exit_code == 0, result.output
    lines = {line.split("│")[2].strip(): line for line in result.stdout.splitlines() if line.startswith("│")}
    assert list(lines)[: len(DEFAULT_WATCHLIST)] == list(DEFAULT_WATCHLIST)
    assert lines.keys() == CATALOGUE.keys()
    for words in ("2", "E-mini S&P 500", "0.25", "12.5 USD", "decimal", "CME_Futures", "ESZ25", "/ES", "/ES:XCME"):
        assert f"│ {words} " in lines["ES"]
    for words in ("11", "0.03125", "31.25 USD", "32nds", "CME_Rates", "–"):
        assert f"│ {words} " in lines["ZB"]


def test_instruments_are_told_to_programs_as_the_api_does(rolled: Runtime, runner: FlaskCliRunner) -> None:
    told = json.loads(runner.invoke(args=["instruments", "--json"]).stdout)

    assert told == rolled_answer(runner)
    assert [one["watch_position"] for one in told["instruments"]][:12] == [*range(1, 12), None]


def test_the_watchlist_is_changed_and_shown(rt: Runtime, runner: FlaskCliRunner) -> None:
    for args, expected in (
        (["--set", "/ES:XCME,nq,CL"], ["ES", "NQ", "CL"]),
        (["--add", "6E", "--at", "2"], ["ES", "6E", "NQ", "CL"]),
        (["--add", "GC"], ["ES", "6E", "NQ", "CL", "GC"]),
        (["--remove", "NQ,ES"], ["6E", "CL", "GC"]),
        ([], ["6E", "CL", "GC"]),
    ):
        assert json.loads(runner.invoke(args=["watchlist", *args, "--json"]).stdout) == {"watchlist": expected}

    assert runner.invoke(args=["watchlist"]).stdout.splitlines() == [
        "  1  6E     Euro FX",
        "  2  CL     WTI Crude Oil",
        "  3  GC     Gold",
    ]


def test_another_order_restarts_no_collector(rt: Runtime, runner: FlaskCliRunner) -> None:
    want_in_session(rt, "SCHWAB")
    changed = runner.invoke(args=["watchlist", "--set", "ES,NQ"])
    ordered = runner.invoke(args=["watchlist", "--set", "NQ,ES"])

    assert changed.stdout.splitlines()[-1] == "started again with it: SCHWAB"
    assert ordered.stdout.splitlines() == ["  1  NQ     E-mini Nasdaq-100", "  2  ES     E-mini S&P 500"]


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_while_redis_is_away_it_is_said_that_the_collectors_were_not_told(
    app: APIFlask, rt: Runtime, form: list[str]
) -> None:
    def refuse(**_options: object) -> Redis:
        raise Unavailable("Redis is away")

    app.extensions[EXTENSION] = replace(rt, connect_redis=refuse)

    result = app.test_cli_runner().invoke(args=["watchlist", "--set", "CL", *form])

    assert result.exit_code == 0, result.output
    assert "The list is kept, but not every collector could be told" in result.stderr
    assert "CL" in result.stdout


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--set", "AAPL"], "there is no instrument AAPL: see `flask instruments`"),
        (["--set", ""], "no symbol is named"),
        (["--set", "ES", "--add", "NQ"], "give one of them"),
        (["--at", "2"], "give it together with --add"),
        (["--add", "ESZ25"], "ESZ25 is a contract: watch ES"),
        (["--add", "6E", "--at", "0"], "0 is not in the range"),
        (["--remove", "6E"], "6E is not watched"),
        (["--remove", ",".join(DEFAULT_WATCHLIST)], "nothing would be watched"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused_in_one_line(
    rt: Runtime, runner: FlaskCliRunner, args: list[str], words: str
) -> None:
    result = runner.invoke(args=["watchlist", *args])

    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert json.loads(runner.invoke(args=["watchlist", "--json"]).stdout) == {"watchlist": list(DEFAULT_WATCHLIST)}


def test_rolls_are_shown_newest_first(rolled: Runtime, runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["rolls", "--symbol", "/ES"])

    assert result.exit_code == 0, result.output
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.stdout.splitlines() if "│" in line]
    assert rows == [
        ["ES", "SCHWAB", "ESH26", "ESZ25", "2025-12-14 23:01:01", "2025-12-14", "0:01:00", "not to a later contract"],
        ["ES", "SCHWAB", "ESZ25", "ESH26", "2025-12-14 23:00:00", "2025-12-14", "0:02:01", ""],
        ["ES", "SCHWAB", "–", "ESZ25", "2025-09-14 22:00:00", "2025-09-14", "91 days, 1:02:01", "first contract seen"],
    ]
    assert result.stdout.splitlines()[-1] == "2 changes"


def test_rolls_are_told_to_programs(rolled: Runtime, runner: FlaskCliRunner) -> None:
    told = json.loads(runner.invoke(args=["rolls", "--json"]).stdout)["rolls"]

    assert [(one["kind"], one["session_date"]) for one in told] == [
        ("switch", "2025-12-14"),
        ("roll", "2025-12-14"),
        ("first", "2025-09-14"),
    ]


def test_without_rolls_that_is_said(rt: Runtime, runner: FlaskCliRunner) -> None:
    assert runner.invoke(args=["rolls"]).stdout == "No source has told a contract yet.\n"
    assert runner.invoke(args=["rolls", "--symbol=NQ"]).stdout == "No source has told a contract of NQ yet.\n"


@pytest.mark.parametrize(
    ("symbol", "words"),
    [("AAPL", "there is no instrument 'AAPL'"), ("ES,NQ", "are several symbols"), ("a b", "'a b' is no symbol")],
)
def test_rolls_of_what_is_no_instrument_are_refused(
    rt: Runtime, runner: FlaskCliRunner, symbol: str, words: str
) -> None:
    result = runner.invoke(args=["rolls", f"--symbol={symbol}"])

    assert (result.exit_code, words in result.stderr) == (2, True)


def rolled_answer(runner: FlaskCliRunner) -> dict[str, object]:
    """What GET /api/instruments answers."""
    return runner.app.test_client().get("/api/instruments").json
