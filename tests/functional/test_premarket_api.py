import hashlib
from datetime import date, timedelta

import pytest

from app.api.premarket_shapes import LadderAnswer, LaddersAnswer, PremarketReportAnswer
from app.bus import keys
from app.jobs.running import run_job
from app.premarket.reports import report_text
from tests.analyses import SteppedAnalysis, ask
from tests.fakes import FixedClock
from tests.premarket_days import DAY, MARKET, OPENS, climbed

NEXT = date(2025, 10, 10)


@pytest.fixture
def clock():
    return FixedClock(OPENS - timedelta(minutes=20))


def test_the_ladder_at_hand_has_verdict_phase_and_stages(client, rt):
    climbed(rt, ended=("comprehensive", "patterns", "predictions", "composite", "report"))

    answer = client.get("/api/premarket/latest")

    LadderAnswer.model_validate(answer.json, strict=True)
    told = answer.json
    assert (told["session_date"], told["phase"], told["verdict"]) == ("2025-10-09", "climbing", "READY")
    assert (told["seconds_to_open"], told["made_at"]) == (1200, "2025-10-09T13:03:00.000000Z")
    assert [(one["stage"], one["status"]) for one in told["stages"][3:]] == [
        ("composite", "done"),
        ("report", "done"),
        ("verify", "planned"),
    ]


def test_the_ladder_that_began_last_is_at_hand_until_the_next_one_begins(client, rt, clock):
    def at_hand():
        return client.get("/api/premarket/latest").json["session_date"]

    climbed(rt, date(2025, 10, 8))
    assert at_hand() == "2025-10-08"
    climbed(rt, ended=("comprehensive",), verdict=None)
    assert at_hand() == "2025-10-09"
    climbed(rt, NEXT, ended=(), verdict=None)
    assert at_hand() == "2025-10-09"
    clock.advance(timedelta(hours=4))
    assert at_hand() == "2025-10-09"
    clock.advance(timedelta(hours=18))
    assert at_hand() == "2025-10-10"


def test_before_any_ladder_has_begun_the_next_one_is_at_hand(client, rt):
    climbed(rt, NEXT, ended=(), verdict=None)

    assert client.get("/api/premarket/latest").json["session_date"] == "2025-10-10"


def test_ladders_are_listed_the_latest_first_with_a_cursor(client, rt):
    for day in (7, 8, 9):
        climbed(rt, date(2025, 10, day))

    first = client.get("/api/premarket?limit=2")
    second = client.get(f"/api/premarket?limit=2&cursor={first.json['next_cursor']}")

    LaddersAnswer.model_validate(first.json, strict=True)
    assert [one["session_date"] for one in first.json["ladders"]] == ["2025-10-09", "2025-10-08"]
    assert [one["session_date"] for one in second.json["ladders"]] == ["2025-10-07"]
    assert second.json["next_cursor"] is None


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        (
            "2025-10-11",
            404,
            "2025-10-11 has no ladder: CME_Futures does not trade on it (a weekend); the next leads up",
        ),
        ("2025-11-27", 404, "it has no regular hours (Thanksgiving"),
        ("2025-12-25", 404, "CME_Futures does not trade on it (Christmas"),
        ("2025-10-13", 404, "the ladder of 2025-10-13 is planned once the open before it has passed"),
        ("2025-10-08", 404, "`flask premarket run --date=2025-10-08 --market=CME_Futures`"),
        (
            "latest",
            404,
            "no ladder of CME_Futures has been planned yet; the next leads up to the open of 2025-10-09 at",
        ),
        ("latest?market=CME_FX", 404, "the opens of CME_FX are not prepared"),
        ("latest?market=Moon", 400, "no market is called 'Moon'"),
        ("2025-13-01", 400, "is not a date"),
        ("latest?day=1", 400, "leave it out"),
        ("?cursor=9", 400, "is no cursor"),
        ("?limit=0", 400, "whole number from 1 to 1000"),
    ],
)
def test_what_there_is_not_is_explained(client, path, status, words):
    answer = client.get(f"/api/premarket{'' if path.startswith('?') else '/'}{path}")

    assert (answer.status_code, words in answer.json["detail"]) == (status, True), answer.json["detail"]


def test_the_report_comes_from_the_cache_where_that_has_what_was_kept(client, rt):
    document = climbed(rt)
    rt.redis.set(keys.premarket_report(MARKET, DAY), report_text(document))

    answer = client.get("/api/premarket/2025-10-09/report")

    PremarketReportAnswer.model_validate(answer.json)
    assert (answer.headers["X-Thor-From"], answer.json) == ("cache", document)
    assert hashlib.sha256(answer.data).hexdigest() == client.get("/api/premarket/2025-10-09").json["sha256"]


@pytest.mark.parametrize("cached", [None, "{}", "no json"])
def test_the_report_comes_from_the_database_where_the_cache_has_lost_or_changed_it(client, rt, cached):
    document = climbed(rt)
    if cached is not None:
        rt.redis.set(keys.premarket_report(MARKET, DAY), cached)

    answer = client.get("/api/premarket/latest/report")

    assert (answer.headers["X-Thor-From"], answer.json) == ("database", document)
    assert answer.data.decode() == report_text(document)


def test_the_report_is_read_as_a_page_with_the_verdict_of_now_and_the_whole_analysis(client, rt):
    job_id = ask(rt, "ES")
    run_job(rt, job_id, rt.run_limits, worker="test", analyse=SteppedAnalysis())
    climbed(rt, job_id=job_id, verdict="DEGRADED", reasons=["ES lacks 2025-10-08"])

    answer = client.get("/api/premarket/2025-10-09/report", headers={"Accept": "text/html"})

    assert answer.content_type.startswith("text/html")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "DEGRADED" in answer.text
    assert "ES lacks 2025-10-08" in answer.text
    assert "All figures" in answer.text


def test_the_report_is_a_table_of_all_figures_too(client, rt):
    climbed(rt)

    answer = client.get("/api/premarket/2025-10-09/report?format=csv")

    assert answer.headers["Content-Disposition"] == 'attachment; filename="premarket-2025-10-09.csv"'
    assert "signals/ES/confidence,0.55,600" in answer.text


def test_a_report_that_is_not_made_says_when_it_will_be(client, rt):
    climbed(rt, ended=("comprehensive",), verdict=None)

    answer = client.get("/api/premarket/latest/report")

    assert answer.status_code == 404
    assert "not made yet, it is due to be made from 2025-10-09T13:00Z on" in answer.json["detail"]


def test_a_ladder_that_came_to_nothing_says_why_there_is_no_report(client, rt):
    climbed(rt, ended=("comprehensive", "verify"), verdict="MISSING", reasons=["the report failed: no symbol was left"])
    with rt.sessions.begin() as session:
        from app.premarket.definition import StageKey
        from app.premarket.rows import end_stage

        for stage in ("patterns", "predictions", "composite", "report"):
            end_stage(session, StageKey(MARKET, DAY, stage), OPENS, "skipped", reasons=["away"])

    answer = client.get("/api/premarket/2025-10-09/report")

    assert answer.json["detail"] == "there is no report of 2025-10-09: the report failed: no symbol was left"


def test_other_forms_are_refused(client, rt):
    climbed(rt)

    assert client.get("/api/premarket/latest/report", headers={"Accept": "image/png"}).status_code == 406
    assert client.get("/api/premarket/latest/report?format=xlsx").status_code == 400


def test_a_report_stays_readable_while_the_cache_is_away(client, rt, monkeypatch):
    document = climbed(rt)
    monkeypatch.setattr("app.api.premarket._cache", lambda: Away())

    answer = client.get("/api/premarket/latest/report")

    assert (answer.json, answer.headers["X-Thor-From"]) == (document, "database")


class Away:
    """A cache that is away."""

    def get(self, _name):
        """Fail as Redis does."""
        from redis.exceptions import ConnectionError as RedisConnectionError

        raise RedisConnectionError("away")
