from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from app.ledger.balance import Balance
from app.market.sessions import Session
from app.operations.certifying import SessionFacts, draw_up, judge, shown_figures
from app.ticks.quality import TickQuality

DAY = date(2025, 10, 9)
OPEN, CLOSE = datetime(2025, 10, 8, 22, tzinfo=UTC), datetime(2025, 10, 9, 21, tzinfo=UTC)
FIRST_MINUTE = int(OPEN.timestamp()) // 60
MINUTES = frozenset(range(FIRST_MINUTE, FIRST_MINUTE + 1380))
QUALITY = TickQuality(100, OPEN, CLOSE, out_of_session=2, crossed=1, delayed=0, minutes=MINUTES)
BALANCE = Balance("SIMULATED", "ES", DAY, 100, 100, 0, 0, 0, 0, "balanced")
WHOLE = SessionFacts(Session(DAY, OPEN, CLOSE), {"ES": QUALITY}, {"ES": 100}, [BALANCE], [], MINUTES, [])
GAP = SimpleNamespace(kind="feed")


def test_a_session_of_which_everything_is_there_is_complete() -> None:
    assert judge(WHOLE) == ("complete", [])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"balances": [replace(BALANCE, stored=97, lost=3)]}, "3 events are lost"),
        ({"balances": [replace(BALANCE, stored=98, dead=2)]}, "2 events are dead letters"),
        ({"balances": [replace(BALANCE, in_flight=-4)]},
         "4 more ticks are stored than are known to have been published"),
        ({"balances": []}, "the day was never balanced: what was published is not known"),
        ({"gaps": [GAP, GAP]}, "2 gaps are known"),
        ({"present": frozenset(sorted(MINUTES)[7:])}, "no feed was alive in 7 of 1,380 minutes"),
        ({"stored": {}, "balances": []}, "no tick of the session is stored"),
    ],
    ids=["lost", "dead letters", "surplus", "never balanced", "gaps", "minutes", "no ticks"],
)  # fmt: skip
def test_what_is_missing_makes_a_session_incomplete(changes: dict[str, object], reason: str) -> None:
    assert judge(replace(WHOLE, **changes)) == ("incomplete", [reason])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fault": "ticks.parquet is damaged"}, "ticks.parquet is damaged"),
        ({"balances": [replace(BALANCE, stored=88, in_flight=12)]},
         "12 events were on their way when the day was last balanced"),
    ],
    ids=["damaged file", "in flight"],
)  # fmt: skip
def test_a_figure_that_does_not_hold_fails_a_session(changes: dict[str, object], reason: str) -> None:
    assert judge(replace(WHOLE, **changes)) == ("failed", [reason])


def test_a_failure_is_graver_than_what_is_missing() -> None:
    facts = replace(WHOLE, fault="ticks.parquet is damaged", gaps=[GAP])

    assert judge(facts) == ("failed", ["ticks.parquet is damaged"])


def test_a_surplus_of_one_symbol_does_not_hide_what_is_in_flight_of_another() -> None:
    facts = replace(
        WHOLE, balances=[replace(BALANCE, in_flight=-5), replace(BALANCE, symbol="NQ", stored=95, in_flight=5)]
    )

    assert judge(facts)[0] == "failed"


def test_everything_that_is_missing_is_told() -> None:
    facts = replace(WHOLE, balances=[replace(BALANCE, stored=95, dead=2, lost=3)], gaps=[GAP], present=frozenset())

    verdict, reasons = judge(facts)

    assert (verdict, len(reasons)) == ("incomplete", 4)


def test_a_session_that_does_not_end_on_a_full_minute_has_its_last_minute() -> None:
    hours = Session(DAY, OPEN, OPEN + timedelta(minutes=10, seconds=1))

    assert replace(WHOLE, hours=hours).expected_minutes == 11


def test_the_figures_are_those_of_the_facts() -> None:
    figures = shown_figures(WHOLE)

    assert (figures["expected_minutes"], figures["present_minutes"], figures["ticks"]) == (1380, 1380, 100)
    assert (figures["out_of_session"], figures["crossed"], figures["delayed"]) == (2, 1, 0)
    assert (figures["published"], figures["lost"], figures["lake_equals_database"]) == (100, 0, True)


def test_a_certificate_names_its_files_with_their_sums() -> None:
    file = SimpleNamespace(path="ticks/es", rows=100, sha256="ab", min_ts=OPEN, max_ts=CLOSE)

    made = draw_up("CME_Futures", replace(WHOLE, files=[file]), CLOSE)

    assert made.files == [{"path": "ticks/es", "rows": 100, "sha256": "ab"}]
    assert (made.market, made.session_date, made.made_at) == ("CME_Futures", DAY, CLOSE)


def test_the_span_of_a_session_is_of_its_ticks_else_of_its_files() -> None:
    file = SimpleNamespace(min_ts=OPEN, max_ts=CLOSE)

    assert WHOLE.span == (OPEN, CLOSE)
    assert replace(WHOLE, quality={}, files=[file]).span == (OPEN, CLOSE)
    assert replace(WHOLE, quality={}).span is None
