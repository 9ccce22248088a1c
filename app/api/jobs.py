"""/api/jobs: asking for analyses, following them, and reading what they found."""

import logging
from http import HTTPStatus
from typing import Any, Final

from apiflask import APIBlueprint
from flask import Response, json, request, url_for
from structlog.contextvars import bind_contextvars

from app.api.job_forms import MEDIA, MEDIA_TYPES, asked_form, headers_of, written
from app.api.job_progress import progress_events
from app.api.job_shapes import (
    KEY_HEADER,
    DocumentAnswer,
    JobAnswer,
    JobsAnswer,
    JobsQuery,
    OrderBody,
    ResultsQuery,
    SubmittedAnswer,
    read_key,
)
from app.api.json_writes import require_json_write
from app.api.negotiation import vary_by_accept
from app.api.pages import PageAnswer, answer_page, by_id, cut_page
from app.api.parts import parts
from app.api.problems import problem
from app.api.sse.documentation import event_stream
from app.errors import Unavailable
from app.gate.guard import caller
from app.gate.streams import while_known
from app.jobs.forms import job_form
from app.jobs.requests import JobRequest
from app.jobs.service import Submitted, cancel, document_of, find_job, list_jobs, retry, submit
from app.runtime import runtime

log = logging.getLogger(__name__)

BY: Final = "api"
RETRY_AFTER_S: Final = 10
SSE_HEADERS: Final = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
_UNKNOWN = {404: "There is no such job"}
_WRITE: dict[int, str] = {
    400: "The request is wrong",
    415: "The body is not JSON",
    503: "PostgreSQL is away; a task queue that is away is no failure",
}
_PROGRESS: Final[Any] = {
    200: event_stream(
        "Events until the job is finished", {"progress": "the job at a change", "finished": "the job at its end"}
    ),
    204: "The job is finished, and the client knows how",
    429: "All places are taken",
    **_UNKNOWN,
}
_RESULTS: Final[Any] = {
    200: {
        "description": "In the form that Accept or `format` asks for",
        "content": {media: {"schema": {"type": "string"}} for media in MEDIA_TYPES if media != "application/json"},
    },
    406: "None of the forms is accepted",
    409: "The job has no results, or none yet",
    **_UNKNOWN,
}

jobs = APIBlueprint("jobs", __name__, url_prefix="/api/jobs", tag="Analyses")


@jobs.before_request
def guard_writes() -> None:
    """What is sent has to be JSON."""
    require_json_write()


@jobs.post("")
@jobs.input(JobRequest, arg_name="body")
@jobs.output(SubmittedAnswer, status_code=HTTPStatus.ACCEPTED)
@jobs.doc(
    operation_id="submitJob",
    responses={
        200: "The job was there already: an unfinished one for the same question, or the one of the same key",
        409: "The idempotency key was used for another request, or a setting of the desk cannot be used",
        **_WRITE,
    },
)
def submit_job(body: JobRequest) -> tuple[dict[str, object], int, dict[str, str]]:
    """Ask for an analysis

    Answers at once; the work is done by the workers. With a header `Idempotency-Key` the same request gives the same
    job, also when that is finished, unless it joined one under the key of somebody else. What is left out of
    `parameters` comes from the desk's settings. When the task queue is away the job is kept and begins as soon as it is
    back.
    """
    rt, key = runtime(), read_key(request.headers.get(KEY_HEADER))
    with rt.sessions.begin() as session:
        made = submit(session, rt.market, body, rt.clock.now(), requested_by=BY, idempotency_key=key)
    return _submitted(made)


@jobs.get("")
@jobs.input(JobsQuery, location="query", arg_name="query")
@jobs.output(JobsAnswer)
@jobs.doc(operation_id="getJobs", responses={400: "A parameter is wrong"})
def show_jobs(query: JobsQuery) -> PageAnswer:
    """Analyses that were asked for, newest first"""
    with runtime().sessions() as session:
        found = list_jobs(
            session,
            status=query.status,
            symbol=query.symbol,
            kind=query.kind,
            before=query.cursor,
            limit=query.limit + 1,
        )
    shown, cursor = cut_page(found, query.limit, by_id)
    return answer_page("jobs", [job_form(job) for job in shown], cursor)


@jobs.get("/<int:job_id>")
@jobs.output(JobAnswer)
@jobs.doc(operation_id="getJob", responses=_UNKNOWN)
def show_job(job_id: int) -> dict[str, Any]:
    """An analysis, and how far it is"""
    with runtime().sessions() as session:
        return job_form(find_job(session, job_id))


@jobs.post("/<int:job_id>/cancel")
@jobs.input(OrderBody, arg_name="_body")
@jobs.output(JobAnswer, status_code=HTTPStatus.ACCEPTED)
@jobs.doc(operation_id="cancelJob", responses={409: "The job is finished", **_UNKNOWN, **_WRITE})
def cancel_job(job_id: int, _body: OrderBody) -> dict[str, Any]:
    """Have an analysis end

    At once when no worker has taken it, else within seconds.
    """
    rt = runtime()
    with rt.sessions.begin() as session:
        return job_form(cancel(session, job_id, rt.clock.now()))


@jobs.post("/<int:job_id>/retry")
@jobs.input(OrderBody, arg_name="_body")
@jobs.output(SubmittedAnswer, status_code=HTTPStatus.ACCEPTED)
@jobs.doc(
    operation_id="retryJob",
    responses={
        200: "There is an unfinished job for the same question already",
        409: "The job neither failed nor was cancelled",
        **_UNKNOWN,
        **_WRITE,
    },
)
def retry_job(job_id: int, _body: OrderBody) -> tuple[dict[str, object], int, dict[str, str]]:
    """Ask the same question again

    A new job, when the old one failed or was cancelled.
    """
    rt = runtime()
    with rt.sessions.begin() as session:
        made = retry(session, job_id, rt.clock.now(), requested_by=BY)
    return _submitted(made)


@jobs.get("/<int:job_id>/progress")
@jobs.doc(operation_id="followJob", responses=_PROGRESS)
def follow_job(job_id: int) -> Response:
    """How far an analysis is, as it goes on (SSE)

    An event `progress` with the job at once and at every change; the last one is `finished`. Then the stream ends. Who
    comes back with the id of the last event it got is told what is new; 204 when that is nothing any more. A comment
    comes at least every 10 seconds.
    """
    rt, edge = runtime(), parts()
    with rt.sessions() as session:
        job = find_job(session, job_id)
    known = request.headers.get("Last-Event-ID", "")
    events = progress_events(rt.sessions, job, known, edge.hub.limits.heartbeat_s)
    if events is None:
        return Response(status=HTTPStatus.NO_CONTENT)
    if not edge.progress_places.acquire(blocking=False):
        detail = "all places for those who follow a job are taken: close one, or ask for the job now and then"
        return problem(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(RETRY_AFTER_S)})
    answer = Response(while_known(rt.ring, caller(), events), mimetype="text/event-stream", headers=SSE_HEADERS)
    answer.call_on_close(edge.progress_places.release)
    return answer


@jobs.get("/<int:job_id>/results")
@jobs.input(ResultsQuery, location="query", arg_name="query")
@jobs.output(DocumentAnswer)
@jobs.doc(operation_id="getJobResults", responses=_RESULTS)
def show_results(job_id: int, query: ResultsQuery) -> Response:
    """What an analysis found

    As JSON, a table of all figures (CSV), a workbook (XLSX) or a report to read (HTML).
    """
    form = query.format or asked_form()
    with runtime().sessions() as session:
        document = document_of(session, job_id)
    body = json.dumps(document) if form == "json" else written(form, document)
    return vary_by_accept(Response(body, content_type=MEDIA[form], headers=headers_of(form, job_id, body)))


def _submitted(made: Submitted) -> tuple[dict[str, object], int, dict[str, str]]:
    bind_contextvars(job_id=made.job.id)
    queued = made.created and _send(made.job.id)
    status = HTTPStatus.ACCEPTED if made.created else HTTPStatus.OK
    told = {"created": made.created, "queued": queued, "job": job_form(made.job)}
    return told, status, {"Location": url_for("jobs.show_job", job_id=made.job.id)}


def _send(job_id: int) -> bool:
    try:
        runtime().dispatch.run_job(job_id)
    except Unavailable as error:
        log.warning("job %d waits for the tick: %s", job_id, error)
        return False
    return True
