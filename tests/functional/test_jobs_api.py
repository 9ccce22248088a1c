import io
import json
import threading
from dataclasses import replace

import openpyxl
import pytest

from app.access.roles import Role
from app.api.job_progress import progress_events
from app.api.parts import EXTENSION as PARTS
from app.api.parts import PROGRESS_CLIENTS
from app.errors import Unavailable
from app.jobs.models import Prediction
from app.jobs.running import run_job
from app.jobs.service import find_job
from app.jobs.watching import RunLimits
from app.runtime import EXTENSION
from tests.analyses import NOW, SteppedAnalysis
from tests.fakes import FixedClock
from tests.hours import MARKETS
from tests.keyed_client import bearing, make_key
from tests.waiting import until

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LIMITS = RunLimits(beat_s=0.02)


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture
def app(app):
    # With calendars that other tests have built already.
    app.extensions[EXTENSION] = replace(app.extensions[EXTENSION], markets=MARKETS)
    return app


@pytest.fixture
def post(client):
    """Sends an order and gets the answer."""
    return lambda path="", body=None, **options: client.post(f"/api/jobs{path}", json=body or {}, **options)


@pytest.fixture
def done(post, rt):
    """The number of a job of two symbols that is done."""
    number = post(body={"symbols": ["ES", "NQ"]}).json["job"]["id"]
    run_job(rt, number, LIMITS, worker="test", analyse=SteppedAnalysis())
    return number


def test_a_job_is_made_and_sent_to_the_workers(post, dispatch):
    answer = post(body={"symbols": ["es", "NQ"], "timeframe": "2weeks", "parameters": {"equity": 50_000}})

    job = answer.json["job"]
    assert (answer.status_code, answer.json["created"], answer.json["queued"]) == (202, True, True)
    assert (job["symbols"], job["start_date"], job["end_date"]) == (["ES", "NQ"], "2025-09-25", "2025-10-09")
    assert (job["status"], job["parameters"]["equity"], job["requested_by"]) == ("pending", 50_000, "api")
    assert answer.headers["Location"] == f"/api/jobs/{job['id']}"
    assert dispatch.sent == [("run_job", job["id"])]


def test_the_same_question_is_answered_with_the_same_job(post, dispatch):
    first = post(body={"symbols": ["ES"]})

    second = post(body={"symbols": ["ES"], "timeframe": "30days"})

    assert (second.status_code, second.json["created"], second.json["queued"]) == (200, False, False)
    assert second.json["job"]["id"] == first.json["job"]["id"]
    assert len(dispatch.sent) == 1


def test_a_key_is_answered_with_its_job_and_refused_for_another_request(post, done, rt):
    first = post(body={"symbols": ["CL"]}, headers={"Idempotency-Key": "order-1"})
    run_job(rt, first.json["job"]["id"], LIMITS, worker="test", analyse=SteppedAnalysis())

    again = post(body={"symbols": ["CL"]}, headers={"Idempotency-Key": "order-1"})
    other = post(body={"symbols": ["ES"]}, headers={"Idempotency-Key": "order-1"})

    assert (again.status_code, again.json["job"]["id"]) == (200, first.json["job"]["id"])
    assert again.json["job"]["status"] == "done"
    assert (other.status_code, other.mimetype) == (409, "application/problem+json")


def test_a_queue_that_is_away_is_no_failure(post, dispatch, monkeypatch):
    def refuse(_number):
        raise Unavailable("the task queue is away")

    monkeypatch.setattr(dispatch, "run_job", refuse)

    answer = post(body={"symbols": ["ES"]})

    assert (answer.status_code, answer.json["queued"], answer.json["job"]["status"]) == (202, False, "pending")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "symbols"),
        ({"symbols": []}, "symbols"),
        ({"symbols": ["ES"] * 40}, "symbols"),
        ({"symbols": ["ES"], "kind": "deep"}, "kind"),
        ({"symbols": ["ES"], "start_date": "soon"}, "start_date"),
        ({"symbols": ["ES"], "asof": "2025-10-09T12:00:00"}, "asof"),
        ({"symbols": ["ES"], "days": 3}, "days"),
        ({"symbols": ["ES"], "parameters": {"equity": -1}}, "equity"),
    ],
)
def test_a_malformed_request_is_refused_by_the_name_of_its_field(post, body, field):
    answer = post(body=body)

    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert field in answer.json["detail"]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"body": {"symbols": ["AAPL"]}}, 400),
        ({"body": {"symbols": ["ES"]}, "headers": {"Idempotency-Key": "a b"}}, 400),
        ({"body": {"symbols": ["ES"]}, "headers": {"Authorization": "Bearer x"}}, 401),
        ({"body": {"symbols": ["ES"]}, "content_type": "text/plain"}, 415),
    ],
)
def test_what_is_not_to_be_done_has_its_status(post, dispatch, options, status):
    assert post(**options).status_code == status
    assert dispatch.sent == []


def test_jobs_are_listed_page_by_page(client, post):
    numbers = [post(body={"symbols": [symbol]}).json["job"]["id"] for symbol in ("ES", "NQ", "CL")]

    first = client.get("/api/jobs?limit=2").json
    second = client.get(f"/api/jobs?limit=2&cursor={first['next_cursor']}").json

    assert [job["id"] for job in first["jobs"]] == numbers[:0:-1]
    assert ([job["id"] for job in second["jobs"]], second["next_cursor"]) == (numbers[:1], None)
    assert [job["symbols"] for job in client.get("/api/jobs?symbol=nq&status=pending").json["jobs"]] == [["NQ"]]
    assert client.get("/api/jobs?limit=0").status_code == 400


def test_a_job_is_shown_cancelled_and_tried_again(client, post, dispatch):
    number = post(body={"symbols": ["ES"]}).json["job"]["id"]

    too_early = post(f"/{number}/retry")
    cancelled = post(f"/{number}/cancel")
    twice = post(f"/{number}/cancel")
    again = post(f"/{number}/retry")

    assert (too_early.status_code, twice.status_code) == (409, 409)
    assert (cancelled.status_code, cancelled.json["status"]) == (202, "cancelled")
    assert (again.status_code, again.json["job"]["retry_of"]) == (202, number)
    assert client.get(f"/api/jobs/{number}").json["status"] == "cancelled"
    assert dispatch.sent[-1] == ("run_job", again.json["job"]["id"])


@pytest.mark.parametrize("path", ["", "/results", "/progress"])
def test_a_job_that_does_not_exist_is_not_found(client, path):
    assert client.get(f"/api/jobs/4711{path}").status_code == 404


def test_a_job_is_the_desks_whoever_asked_for_it(app, client):
    rt = app.extensions[EXTENSION]
    asking, other, looking = (bearing(make_key(rt, role)) for role in (Role.OPERATOR, Role.OPERATOR, Role.VIEWER))
    number = client.post("/api/jobs", json={"symbols": ["ES"]}, headers=asking).json["job"]["id"]

    seen = client.get(f"/api/jobs/{number}", headers=looking)
    kept = client.post(f"/api/jobs/{number}/cancel", json={}, headers=looking)
    taken_back = client.post(f"/api/jobs/{number}/cancel", json={}, headers=other)

    assert (seen.status_code, seen.json["id"]) == (200, number)
    assert (kept.status_code, taken_back.status_code) == (403, 202)
    assert client.get(f"/api/jobs/{number}").json["status"] == "cancelled"


def test_findings_are_a_document(client, done):
    found = client.get(f"/api/jobs/{done}/results")

    assert found.mimetype == "application/json"
    assert {"version", "job", "asof", "question", "inputs", "symbols", "portfolio", "track_record", "work"} == set(
        found.json
    )
    assert found.json["symbols"]["ES"]["trend"]["combined"]["value"] == 1.25
    assert found.json["job"]["status"] == "done"


@pytest.mark.parametrize(
    ("query", "accept", "mimetype"),
    [
        ("", "text/csv", "text/csv"),
        ("?format=csv", "application/json", "text/csv"),
        ("?format=xlsx", "*/*", XLSX),
        ("?format=html", "*/*", "text/html"),
        ("", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
    ],
)
def test_findings_have_the_form_that_is_asked_for(client, done, query, accept, mimetype):
    answer = client.get(f"/api/jobs/{done}/results{query}", headers={"Accept": accept})

    assert (answer.status_code, answer.mimetype) == (200, mimetype)
    assert len(answer.data) > 100


def test_a_workbook_can_be_opened_and_a_report_loads_nothing(client, done):
    book = client.get(f"/api/jobs/{done}/results?format=xlsx")
    report = client.get(f"/api/jobs/{done}/results?format=html")

    assert openpyxl.load_workbook(io.BytesIO(book.data)).sheetnames
    assert book.headers["Content-Disposition"] == f'attachment; filename="analysis-{done}.xlsx"'
    assert report.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_findings_that_are_not_there_or_in_no_such_form(client, post, done):
    waiting = post(body={"symbols": ["CL"]}).json["job"]["id"]

    assert client.get(f"/api/jobs/{waiting}/results").status_code == 409
    assert client.get(f"/api/jobs/{done}/results", headers={"Accept": "image/png"}).status_code == 406
    assert client.get(f"/api/jobs/{done}/results?format=pdf").status_code == 400


def test_progress_is_told_until_the_job_is_finished(client, post, rt):
    number = post(body={"symbols": ["ES"]}).json["job"]["id"]
    began, seen = threading.Event(), []

    def step(name):
        if name == "prediction":
            began.set()
            until(lambda: "prediction" in seen)

    work = threading.Thread(
        target=run_job, args=(rt, number, LIMITS), kwargs={"worker": "w", "analyse": SteppedAnalysis(step)}
    )
    with client.get(f"/api/jobs/{number}/progress", buffered=False) as answer:
        events = frames(answer.response)
        seen.append(next(events)[1]["status"])
        work.start()
        last = None
        for name, data in events:
            seen.append(data["stage"])
            last = name, data
    work.join()

    assert answer.mimetype == "text/event-stream"
    assert seen[0] == "pending"
    assert (last[0], last[1]["status"], last[1]["progress"]) == ("finished", "done", 1.0)


def test_who_knows_how_it_ended_is_told_nothing_more(client, done, rt):
    with client.get(f"/api/jobs/{done}/progress") as whole:
        text = whole.data.decode()
    known = text.split("id: ")[1].split("\n")[0]

    again = client.get(f"/api/jobs/{done}/progress", headers={"Last-Event-ID": known})

    assert text.count("event: ") == 1
    assert again.status_code == 204


def test_the_silence_of_a_job_is_broken_by_comments(client, post, rt):
    number = post(body={"symbols": ["ES"]}).json["job"]["id"]
    with rt.sessions() as session:
        job = find_job(session, number)

    parts = progress_events(rt.sessions, job, "", 0.01)
    got = [next(parts) for _ in range(4)]

    assert got[0].startswith(b": connected")
    assert b"event: progress" in got[1]
    assert got[2:] == [b": hb\n\n"] * 2


def test_there_are_so_many_places_for_those_who_follow_a_job(app, client, post):
    number = post(body={"symbols": ["ES"]}).json["job"]["id"]
    places = app.extensions[PARTS].progress_places
    taken = [places.acquire(blocking=False) for _ in range(PROGRESS_CLIENTS)]

    full = client.get(f"/api/jobs/{number}/progress")
    places.release()
    with client.get(f"/api/jobs/{number}/progress", buffered=False) as free:
        status = free.status_code

    assert all(taken)
    assert (full.status_code, full.headers["Retry-After"]) == (429, "10")
    assert status == 200
    assert places.acquire(blocking=False)


def test_signals_are_the_newest_of_each_symbol(client, post, rt, clock, done):
    later = post(body={"symbols": ["NQ"]}).json["job"]["id"]
    run_job(rt, later, LIMITS, worker="test", analyse=SteppedAnalysis())

    now = client.get("/api/signals").json["signals"]
    clock.advance(RunLimits().lost_after * 240)
    then = client.get("/api/signals?symbol=ES").json["signals"]

    assert [(one["symbol"], one["side"], one["job_id"]) for one in now] == [("ES", "HOLD", done), ("NQ", "HOLD", later)]
    assert all(one["valid"] for one in now)
    assert [(one["symbol"], one["valid"], one["reason_code"]) for one in then] == [("ES", False, "no_skill")]


def test_predictions_are_listed_with_their_record(client, done, rt):
    first = client.get("/api/predictions?limit=1").json
    second = client.get(f"/api/predictions?limit=1&cursor={first['next_cursor']}").json

    assert [one["symbol"] for one in (*first["predictions"], *second["predictions"])] == ["NQ", "ES"]
    assert (second["next_cursor"], second["track_record"]) == (None, {})
    assert first["predictions"][0]["p"] == 0.6
    assert client.get("/api/predictions?resolved=true").json["predictions"] == []
    with rt.sessions() as session:
        assert session.query(Prediction).count() == 2


def test_the_endpoints_are_documented(client):
    paths = client.get("/openapi.json").json["paths"]

    assert {"get", "post"} == set(paths["/api/jobs"])
    assert {"200", "202", "400", "403", "409", "415", "503"} <= set(paths["/api/jobs"]["post"]["responses"])
    results = paths["/api/jobs/{job_id}/results"]["get"]["responses"]
    assert set(results["200"]["content"]) == {
        "application/json", "text/csv", XLSX, "text/html"
    }  # fmt: skip
    assert {"/api/signals", "/api/predictions", "/api/jobs/{job_id}/progress"} <= set(paths)


def frames(parts):
    """The events of a stream: name and data."""
    for part in parts:
        fields = dict(line.split(": ", 1) for line in part.decode().splitlines() if line and not line.startswith(":"))
        if "data" in fields:
            yield fields["event"], json.loads(fields["data"])
