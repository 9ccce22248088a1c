import io
from html import unescape

import pytest
from openpyxl import load_workbook

from app.errors import Unavailable
from app.jobs.models import AnalysisJob
from tests.admin_rows import job_row

ASKED = {"kind": "single", "symbols": ["ES", "CL"], "timeframe": "30days", "parameters": '{"seed": 3}'}


def test_a_job_is_asked_for_sent_and_cancelled_on_record(admin, dispatch, read, changes):
    answer = admin.post("jobs/new/", ASKED)
    (_, key, _, _) = changes()[-1]
    assert answer.location.endswith(f"/admin/jobs/details/?id={key}")
    made = read(AnalysisJob, int(key))
    assert (made.kind, made.symbols, made.status, made.requested_by) == ("single", ["ES", "CL"], "pending", "admin")
    assert made.parameters["seed"] == 3
    assert dispatch.sent == [("run_job", made.id)]

    assert admin.post("jobs/action/", {"action": "cancel", "rowid": key}).status_code == 302

    assert read(AnalysisJob, int(key)).status == "cancelled"
    assert [change[2] for change in changes()] == ["create", "cancel"]
    assert changes()[-1][3]["status"] == ["pending", "cancelled"]


def test_a_job_is_run_again_and_retried(admin, dispatch, sessions, changes):
    with sessions.begin() as session:
        session.add(pending := job_row())
        session.add(failed := job_row(status="failed", error="x", finished_at=job_row().created_at, request_hash="1"))
    admin.post("jobs/action/", {"action": "run", "rowid": pending.id})
    admin.post(f"jobs/{failed.id}/retry", {"back": "1"})

    retried = dispatch.sent[-1][1]
    assert dispatch.sent == [("run_job", pending.id), ("run_job", retried)]
    assert retried not in (pending.id, failed.id)
    assert [change[1:3] for change in changes()] == [(str(pending.id), "run"), (str(retried), "retry")]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"symbols": []}, "required"),
        ({"symbols": ["ZZZ"]}, "not a valid choice"),
        ({"timeframe": "soon"}, "no length of time"),
        ({"parameters": '{"seed": -1}'}, "parameters.seed"),
        ({"parameters": '{"hack": 1}'}, "parameters.hack"),
        ({"parameters": "{"}, "not JSON"),
        ({"start_date": "2999-01-01", "timeframe": ""}, "in the future"),
        ({"start_date": "2025-01-01"}, "not both"),
    ],
)
def test_a_question_that_can_not_be_is_refused_with_the_reason(admin, dispatch, changes, told, words):
    answer = admin.post("jobs/new/", {**ASKED, **told})

    assert answer.status_code == 200
    assert words in unescape(answer.text)
    assert dispatch.sent == []
    assert changes() == []


def test_a_queue_that_is_away_loses_no_job(admin, dispatch, monkeypatch, changes, read):
    def away(_job_id):
        raise Unavailable("gone")

    monkeypatch.setattr(dispatch, "run_job", away)

    assert admin.post("jobs/new/", ASKED).status_code == 302

    assert read(AnalysisJob, int(changes()[-1][1])).status == "pending"
    assert "the queue is away" in admin.get("jobs/").text


def test_what_can_not_be_done_with_a_job_is_said(admin, rows, changes):
    before = changes()

    for action in ("run", "cancel", "retry"):
        admin.post("jobs/action/", {"action": action, "rowid": [str(rows), "999999", "x"]})

    page = admin.get("jobs/").text
    assert "is done and cannot be cancelled" in page
    assert "there is no job 999999" in page
    assert changes() == before


def test_the_page_of_a_job_has_the_report_and_one_that_runs_looks_again(admin, rows, sessions):
    with sessions.begin() as session:
        session.add(waiting := job_row())

    done, running = admin.get(f"jobs/details/?id={rows}").text, admin.get(f"jobs/details/?id={waiting.id}").text

    assert "<svg" in done
    assert 'data-figure="symbols/ES/volatility/realised"' in done
    assert 'http-equiv="refresh"' not in done
    assert 'http-equiv="refresh"' in running


def test_results_are_taken_away_as_files(admin, rows):
    page = admin.get(f"jobs/{rows}/report.html")
    text = admin.post("jobs/action/", {"action": "export_csv", "rowid": str(rows)})
    book = admin.post("jobs/action/", {"action": "export_xlsx", "rowid": str(rows)})
    both = admin.post("jobs/action/", {"action": "export_xlsx", "rowid": [str(rows), "0"]})

    assert page.headers["Content-Disposition"] == f'attachment; filename="job-{rows}.html"'
    assert "symbols/ES/volatility/realised" in text.text
    assert load_workbook(io.BytesIO(book.data)).sheetnames == ["Summary", "Figures", "Levels"]
    assert both.data[:2] == b"PK"
