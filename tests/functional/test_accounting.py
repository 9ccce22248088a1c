"""The ledger over HTTP and on the command line, on real stores."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app.ledger.balance import Balance, save_balances
from app.ledger.losses import record_loss
from app.ledger.models import Gap
from app.operations.accounting import ledger_figures
from tests.factories import DAY, quotes
from tests.fakes import FixedClock
from tests.ingesting import drain, ingestor, publisher

__all__ = ["drain", "ingestor", "publisher"]

NOON = datetime(2025, 10, 9, 17, tzinfo=UTC)


@pytest.fixture
def clock():
    return FixedClock(NOON)


@pytest.fixture
def traded(publisher, drain):
    publisher.publish([*quotes(5), *quotes(3, symbol="NQ")])
    drain()


@pytest.fixture
def vanished(traded, sessions):
    with sessions.begin() as session:
        session.execute(text("DELETE FROM ticks WHERE symbol = 'NQ' AND seq < 3"))


def test_the_balance_of_the_running_day_is_told_with_totals_and_verdict(client, runner, traded):
    runner.invoke(args=["reconcile"])

    answer = client.get("/api/accounting").json

    assert (answer["day"], answer["verdict"]) == ("2025-10-09", "balanced")
    assert answer["totals"] == counts(published=8, stored=8)
    assert [(one["symbol"], one["published"]) for one in answer["balances"]] == [("ES", 5), ("NQ", 3)]


def test_a_balance_can_be_asked_for_by_day_source_and_symbol(client, runner, traded):
    runner.invoke(args=["reconcile"])

    one = client.get("/api/accounting?day=2025-10-09&source=REPLAY&symbol=NQ").json
    none = client.get("/api/accounting?day=2025-10-08").json

    assert one["totals"] == counts(published=3, stored=3)
    assert (none["at"], none["balances"], none["verdict"]) == (None, [], "balanced")


def test_reconcile_ends_with_3_when_something_is_unexplained_and_with_0_once_it_is_recorded(runner, vanished):
    first = runner.invoke(args=["reconcile"])
    second = runner.invoke(args=["reconcile"])

    assert (first.exit_code, second.exit_code) == (3, 0)
    assert "unexplained" in first.output
    assert "balanced" in second.output


def test_reconcile_as_json_is_json(runner, vanished):
    result = runner.invoke(args=["reconcile", "--json"])

    shown = json.loads(result.stdout)
    assert shown["at_rest"] is True
    assert [one["lost"] for one in shown["balances"]] == [0, 2]


def test_losses_are_listed_with_their_sums(client, runner, vanished):
    runner.invoke(args=["reconcile"])

    answer = client.get("/api/losses").json
    listed = runner.invoke(args=["losses", "--date=2025-10-09", "--json"])
    table = runner.invoke(args=["losses"])

    assert [(one["kind"], one["count"], one["symbol"]) for one in answer["losses"]] == [("unexplained", 2, "NQ")]
    assert answer["totals"]["unexplained"] == 2
    assert json.loads(listed.stdout)["losses"] == answer["losses"]
    assert "Ever lost, unexplained: 2 events" in table.output


def test_pages_of_losses_hold_each_loss_once(client, sessions):
    with sessions.begin() as session:
        for number in range(5):
            record_loss(session, "trimmed_unread", f"test:{number}", number + 1)

    first = client.get("/api/losses?limit=2").json
    second = client.get(f"/api/losses?limit=2&cursor={first['next_cursor']}").json
    third = client.get(f"/api/losses?limit=2&cursor={second['next_cursor']}").json

    assert [one["count"] for page in (first, second, third) for one in page["losses"]] == [5, 4, 3, 2, 1]
    assert third["next_cursor"] is None


def test_gaps_are_listed_by_what_was_asked(client, runner, sessions):
    with sessions.begin() as session:
        session.add_all([gap(from_seq=7, to_seq=9, missing=3), gap(source="EXCEL", state="backfilled")])

    answer = client.get("/api/gaps?state=open&source=SCHWAB&day=2025-10-09&kind=sequence").json
    listed = runner.invoke(args=["gaps", "--state=open", "--json"])
    table = runner.invoke(args=["gaps"])

    assert [(one["from_seq"], one["to_seq"], one["missing"]) for one in answer["gaps"]] == [(7, 9, 3)]
    assert json.loads(listed.stdout)["gaps"] == answer["gaps"]
    assert "EXCEL" in table.output


def test_gaps_of_a_symbol_are_those_that_lack_it_and_those_that_may(client, runner, sessions):
    with sessions.begin() as session:
        session.add_all(
            [
                gap(from_seq=1, missing=5, symbols={"ES": 3, "NQ": 2}),
                gap(from_seq=2, missing=5, symbols={"NQ": 5}),
                gap(from_seq=3, missing=5, symbols={"NQ": 4}),
                gap(from_seq=4, missing=5, symbols={}),
                gap(from_seq=5, missing=0, symbols={"NQ": 5}, state="backfilled"),
                gap(kind="feed", from_seq=0, to_seq=0, missing=0, symbols={}),
            ]
        )

    answer = client.get("/api/gaps?symbol=ES").json
    listed = runner.invoke(args=["gaps", "--symbol=ES", "--json"])

    assert [one["from_seq"] for one in answer["gaps"]] == [None, 4, 3, 1]
    assert json.loads(listed.stdout)["gaps"] == answer["gaps"]


@pytest.mark.parametrize("path", ["accounting?days=2025-10-09", "losses?page=2", "gaps?symbols=ES", "gaps?state=shut"])
def test_parameters_that_are_not_known_are_refused(client, path):
    answer = client.get(f"/api/{path}")

    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("cursor", ["0", "-1", "x", "9" * 19, "9" * 40, "1e3"])
def test_a_cursor_that_no_page_gave_is_refused(client, cursor):
    assert client.get(f"/api/losses?cursor={cursor}").status_code == 400
    assert client.get(f"/api/gaps?cursor={cursor}").status_code == 400


@pytest.mark.parametrize(
    "arguments",
    [["gaps", "--source=NOBODY"], ["gaps", "--symbol=es"], ["losses", "--date=yesterday"], ["gaps", "--limit=0"]],
)
def test_options_that_mean_nothing_are_refused(runner, arguments):
    assert runner.invoke(args=arguments).exit_code == 2


def test_status_tells_of_balances_losses_letters_and_gaps(runner, vanished):
    runner.invoke(args=["reconcile"])

    shown = json.loads(runner.invoke(args=["status", "--json"]).stdout)["pipeline"]["ledger"]

    day = shown["2025-10-09"]
    assert {"verdict": "unexplained", **counts(published=8, stored=6, lost=2)}.items() <= day.items()
    [nasdaq] = day["not_balanced"]["first"]
    assert (nasdaq["symbol"], nasdaq["verdict"], nasdaq["lost"]) == ("NQ", "unexplained", 2)
    assert (shown["losses"], shown["dead_letters_open"]) == ({"unexplained": 2}, 0)


def test_status_names_what_is_not_balanced_although_the_sums_of_the_day_are_even(runner, sessions):
    keep(sessions, balance("ES"), balance("NQ", 3, "in_flight"), balance("YM", -3, "surplus"))

    output = plain(runner.invoke(args=["status"]).output)

    assert "published 30, stored 30" in output
    assert "REPLAY NQ: verdict in_flight, published 10, stored 7, dead 0, duplicates 0, lost 0, in_flight 3" in output
    assert output.index("REPLAY YM: verdict surplus") < output.index("REPLAY NQ:")
    assert "REPLAY ES" not in output
    assert "more: flask reconcile" not in output


def test_status_names_the_ten_most_urgent_and_says_how_many_more_there_are(runner, sessions):
    keep(sessions, *(balance(f"S{number:02}", number, "in_flight") for number in range(1, 13)))

    output = plain(runner.invoke(args=["status"]).output)

    assert [word for word in output.split() if word.startswith("S")][-10:] == [f"S{n:02}:" for n in range(12, 2, -1)]
    assert "and 2 more: flask reconcile" in output


def test_status_lists_nothing_of_a_day_that_is_balanced(runner, sessions):
    keep(sessions, balance("ES"))

    assert "REPLAY" not in runner.invoke(args=["status"]).output


def plain(output: str) -> str:
    return " ".join(output.split())


def keep(sessions, *balances: Balance) -> None:
    with sessions.begin() as session:
        save_balances(session, balances, NOON)


def balance(symbol: str, in_flight: int = 0, verdict: str = "balanced") -> Balance:
    return Balance("REPLAY", symbol, DAY, 10, 10 - in_flight, 0, 0, 0, in_flight, verdict)


def test_the_figures_have_a_number_for_everything(rt, runner, vanished):
    empty = ledger_figures(rt)
    runner.invoke(args=["reconcile"])

    figures = ledger_figures(rt)

    assert {name: set(numbers) for name, numbers in empty.items()} == {
        name: set(numbers) for name, numbers in figures.items()
    }
    assert {count for numbers in empty.values() for count in numbers.values()} == {0}
    told = {name: {labels: count for labels, count in numbers.items() if count} for name, numbers in figures.items()}
    del told["gaps"]
    assert {name: numbers for name, numbers in told.items() if numbers} == {
        "published": {(): 8},
        "stored": {(): 6},
        "lost": {(): 2},
        "losses": {("unexplained",): 2},
    }


def counts(**known: int) -> dict[str, int]:
    return dict.fromkeys(("published", "stored", "dead", "duplicates", "lost", "in_flight"), 0) | known


def gap(**parts: object) -> Gap:
    known = {
        "kind": "sequence",
        "source": "SCHWAB",
        "session_date": DAY,
        "from_seq": 1,
        "to_seq": 1,
        "missing": 1,
        "from_ts": NOON,
        "to_ts": NOON,
        "symbols": {"ES": 3},
    }
    return Gap(**(known | parts))
