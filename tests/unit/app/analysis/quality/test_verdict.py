from datetime import UTC, datetime, timedelta

import pytest

from app.analysis.quality.counts import Divergence, SessionCounts
from app.analysis.quality.sessions import NO_FILE, CountedSession
from app.analysis.quality.verdict import judge
from tests.nulls.paths import hours_of, weekdays

LATER = datetime(2025, 12, 1, tzinfo=UTC)
MINUTE = 60_000_000
SOUND = {"file_rows": 10_000, "rows": 10_000, "minutes": 1_380, "off_tick": 0}


def sessions(*counts: SessionCounts, asof: datetime = LATER) -> list[CountedSession]:
    return [CountedSession(hours_of(day), asof, one) for day, one in zip(weekdays(len(counts)), counts, strict=True)]


def counts(**parts: object) -> SessionCounts:
    return SessionCounts(**(SOUND | parts))


@pytest.mark.parametrize(
    ("rule", "most_ok", "most_degraded"),
    [
        ("missing_price", 500, None),
        ("crossed", 10, 100),
        ("non_positive", 0, None),
        ("off_tick", 10, 500),
        ("bad_size", 100, None),
        ("duplicates", 0, 100),
        ("out_of_order", 0, None),
        ("late", 500, None),
        ("future", 10, None),
        ("outside", 100, 2_000),
        ("spikes", 0, 10),
    ],
)
def test_a_rule_degrades_and_rejects_beyond_its_shares(rule, most_ok, most_degraded):
    last = 10_000 if most_degraded is None else most_degraded

    assert verdict(counts(**{rule: most_ok})) == "ok"
    assert verdict(counts(**{rule: most_ok + 1})) == "degraded"
    assert verdict(counts(**{rule: last})) == "degraded"
    if most_degraded is not None:
        assert verdict(counts(**{rule: most_degraded + 1})) == "reject"


def test_a_share_is_that_of_all_ticks_and_the_worst_day_is_named():
    found = judge(sessions(counts(crossed=5), counts(crossed=40), counts()), "EXCEL")

    assert found == (
        "degraded",
        ("45 of 30,000 ticks (0.15 %) have their bid above their ask within the session, 40 of them on 2025-01-07",),
    )


@pytest.mark.parametrize(
    ("holes", "expected"), [(0, "ok"), (1, "ok"), (2, "degraded"), (4, "degraded"), (5, "reject"), (20, "reject")]
)
def test_more_than_a_fifth_of_the_sessions_missing_is_too_much(holes, expected):
    assert verdict(*[NO_FILE] * holes, *[counts()] * (20 - holes)) == expected


def test_a_hole_of_weeks_ago_is_no_reason_to_trade_nothing_but_one_in_the_newest_session_is():
    assert verdict(NO_FILE, *[counts()] * 19) == "ok"
    assert verdict(*[counts()] * 19, NO_FILE) == "degraded"
    assert verdict(NO_FILE, *[counts()] * 18) == "degraded"


def test_many_holes_name_five_days_and_how_many_more_there_are():
    _, reasons = judge(sessions(*[NO_FILE] * 7, *[counts()] * 3), "EXCEL")

    assert reasons == (
        "7 of 10 sessions have no ticks of EXCEL: "
        "2025-01-06, 2025-01-07, 2025-01-08, 2025-01-09, 2025-01-10 and 2 more",
    )


@pytest.mark.parametrize(
    ("minutes", "thin", "expected"),
    [(1_104, 4, "ok"), (1_103, 1, "degraded"), (689, 2, "degraded"), (689, 3, "reject"), (690, 4, "degraded")],
)
def test_sessions_with_few_minutes_degrade_and_most_of_them_nearly_empty_reject(minutes, thin, expected):
    assert verdict(*[counts(minutes=minutes)] * thin, *[counts()] * (4 - thin)) == expected


@pytest.mark.parametrize(
    ("name", "longest_ok"), [("gap_us", 60 * MINUTE), ("regular_gap_us", 5 * MINUTE), ("stale_us", 30 * MINUTE)]
)
def test_a_span_degrades_when_it_is_longer_than_allowed(name, longest_ok):
    assert verdict(counts(**{name: longest_ok})) == "ok"
    assert verdict(counts(**{name: longest_ok + 1})) == "degraded"


@pytest.mark.parametrize(("paused", "expected"), [((), "ok"), ((0,), "ok"), ((0, 1), "degraded"), ((19,), "degraded")])
def test_a_pause_degrades_in_the_newest_session_or_in_more_than_one_of_twenty(paused, expected):
    months = [counts(gap_us=61 * MINUTE) if place in paused else counts() for place in range(20)]

    assert verdict(*months) == expected


@pytest.mark.parametrize(("apart", "expected"), [(13, "ok"), (14, "degraded"), (276, "degraded"), (277, "reject")])
def test_sources_that_are_apart_degrade_and_then_reject(apart, expected):
    assert verdict(counts(divergence=Divergence(minutes=1_380, apart=apart, largest=3.5))) == expected


@pytest.mark.parametrize("name", ["wrong_symbol", "wrong_day"])
def test_one_row_in_the_wrong_file_rejects(name):
    found, reasons = judge(sessions(counts(), counts(**{name: 1})), "EXCEL")

    assert found == "reject"
    assert "2025-01-07" in reasons[0]
    assert "2025-01-06" not in reasons[0]


def test_the_gravest_reason_comes_first():
    found, reasons = judge(sessions(counts(spikes=1), counts(wrong_symbol=3)), "EXCEL")

    assert found == "reject"
    assert ["another symbol" in reasons[0], "jump" in reasons[1]] == [True, True]


def test_a_replay_is_judged_by_neither_its_delay_nor_its_clock():
    replayed = sessions(counts(late=10_000, future=10_000))

    assert judge(replayed, "REPLAY") == ("ok", ())
    assert judge(replayed, "EXCEL")[0] == "degraded"


def test_a_running_session_is_measured_up_to_now():
    hours = hours_of(weekdays(1)[0])
    (running,) = sessions(counts(minutes=10), asof=hours.open + timedelta(minutes=9, seconds=1))

    assert (running.expected_minutes, running.coverage, running.is_cut) == (10, 1.0, True)
    assert judge([running], "EXCEL")[0] == "ok"


def verdict(*some: SessionCounts) -> str:
    return judge(sessions(*some), "EXCEL")[0]
