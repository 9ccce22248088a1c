from dataclasses import replace
from datetime import date, timedelta

import pytest

from app.jobs.scores import score_session
from app.runtime import EXTENSION
from tests.analyses import NOW
from tests.fakes import FixedClock
from tests.hours import MARKETS, at
from tests.ledgers import ledger, successor

DAYS = (date(2025, 10, 6), date(2025, 10, 7), date(2025, 10, 8))
PATH = "/api/predictions/performance"


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture
def app(app):
    # With calendars that other tests have built already.
    app.extensions[EXTENSION] = replace(app.extensions[EXTENSION], markets=MARKETS)
    return app


def test_where_no_session_was_scored_that_is_told(client):
    answer = client.get(PATH)

    assert (answer.status_code, answer.json["status"], answer.json["performance"]) == (200, "insufficient_data", [])
    assert answer.json["reason"].startswith("no session was scored")


def test_each_series_has_its_figures_and_its_history(client, scored):
    answer = client.get(PATH).json

    told = {(one["symbol"], one["horizon"], one["model"]): one for one in answer["performance"]}
    assert list(told) == [
        ("ES", "1h", "direction-logistic 1"),
        ("ES", "5m", "direction-logistic 1"),
        ("NQ", "1h", "direction-logistic 1"),
        ("NQ", "1h", "direction-logistic 2"),
    ]
    es = told["ES", "1h", "direction-logistic 1"]
    assert (answer["status"], answer["reason"], es["status"]) == ("ok", None, "ok")
    assert (es["session_date"], es["outcomes"], es["degraded"]) == ("2025-10-08", 120, False)
    assert es["figures"]["all"]["hit_rate"]["value"] == 0.75
    assert set(es["figures"]) == {"all", "last_100", "degradation", "made_later"}
    assert [bin["rate"]["n"] for bin in es["figures"]["all"]["bins"]] == [20] * 6
    assert [(one["session_date"], one["outcomes"]) for one in es["history"]] == [
        ("2025-10-08", 120), ("2025-10-07", 80), ("2025-10-06", 40)
    ]  # fmt: skip
    assert es["history"][0]["brier"] == es["figures"]["all"]["brier"]["value"]
    assert es["history"][0]["kupiec_p"] == es["figures"]["all"]["kupiec"]["p_value"]
    assert told["NQ", "1h", "direction-logistic 2"]["degraded"]


def test_a_few_outcomes_are_no_figure(client, scored):
    [few] = client.get(f"{PATH}?symbol=ES&horizon=5m").json["performance"]

    assert (few["status"], few["outcomes"], few["history"][0]["brier"]) == ("insufficient_data", 3, None)
    assert few["figures"]["all"]["brier"]["reason"] == "3 outcomes are known, 30 needed"
    assert client.get(f"{PATH}?horizon=5m").json["reason"] == "3 outcomes are known at the most, 30 needed"


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("symbol=nq", [("NQ", 1, 3), ("NQ", 2, 3)]),
        ("horizon=5m", [("ES", 1, 3)]),
        ("model=direction-logistic%202", [("NQ", 2, 3)]),
        ("model=direction-logistic&symbol=NQ", [("NQ", 1, 3), ("NQ", 2, 3)]),
        ("model=other", []),
        ("symbol=NQ&start=2025-10-07", [("NQ", 1, 2), ("NQ", 2, 2)]),
        ("symbol=NQ&sessions=1", [("NQ", 1, 1), ("NQ", 2, 1)]),
    ],
)
def test_what_is_shown_can_be_chosen(client, scored, asked, known):
    found = client.get(f"{PATH}?{asked}").json["performance"]

    assert [(one["symbol"], int(one["model"].split()[1]), len(one["history"])) for one in found] == known


@pytest.mark.parametrize(
    ("asked", "field"),
    [("start=soon", "start"), ("sessions=0", "sessions"), ("horizon=2h", "horizon"), ("day=1", "day")],
)
def test_what_is_asked_wrongly_is_refused_by_name(client, asked, field):
    answer = client.get(f"{PATH}?{asked}")

    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert field in answer.json["detail"]


def test_the_track_record_of_the_ledger_is_what_was_kept_of_the_present_model(client, scored):
    told = client.get("/api/predictions?symbol=NQ").json["track_record"]
    everything = client.get("/api/predictions").json["track_record"]

    [shown] = client.get(f"{PATH}?symbol=NQ&model=direction-logistic%201").json["performance"]
    assert told == {"NQ": {"1h": shown["figures"]}}
    assert {symbol: sorted(found) for symbol, found in everything.items()} == {"ES": ["1h", "5m"], "NQ": ["1h"]}


def test_kept_scores_are_metrics(client, scored):
    lines = client.get("/metrics").text.splitlines()

    labels = '{horizon="1h",model="direction-logistic 1",symbol="ES"}'
    assert f"thor_prediction_hit_rate{labels} 0.75" in lines
    assert f"thor_prediction_outcomes{labels} 120.0" in lines
    assert 'thor_prediction_degraded{horizon="1h",model="direction-logistic 2",symbol="NQ"} 1.0' in lines
    assert not any(line.startswith("thor_prediction_hit_rate") and 'horizon="5m"' in line for line in lines)


@pytest.fixture
def scored(rt):
    """Three sessions: a good model of ES with few outcomes at 5m, and of NQ one and its successor, which is bad."""
    rt = replace(rt, markets=MARKETS)
    version_2 = successor(rt)
    for day in DAYS:
        close = at(f"{day}T21:00Z")
        times = {"begin": close - timedelta(hours=20), "step": timedelta(minutes=1), "resolved_at": close}
        ledger(rt, outcomes=[1] * 30 + [0] * 10, **times)
        ledger(rt, outcomes=[1], horizon="5m", **times)
        ledger(rt, "NQ", outcomes=[1], **times)
        ledger(rt, "NQ", outcomes=[0] * 15, model=version_2, **times)
        with rt.sessions.begin() as session:
            score_session(session, rt.market, day, close + timedelta(hours=1))
