"""/api/premarket: what leads up to each open, its verdict, and its report."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from apiflask import APIBlueprint
from flask import Response, request
from werkzeug.exceptions import NotAcceptable

from app.api.filters import read_day
from app.api.job_forms import report_policy
from app.api.negotiation import choose_form, vary_by_accept
from app.api.pages import PageAnswer, answer_page, cut_page
from app.api.parts import parts
from app.api.premarket_shapes import (
    FROM_HEADER,
    LATEST,
    Form,
    LadderAnswer,
    LadderQuery,
    LaddersAnswer,
    LaddersQuery,
    PremarketReportAnswer,
    ReportQuery,
)
from app.errors import Conflict, NotFound, Unavailable
from app.jobs.service import document_of
from app.operations.premarket.looking import KeptReport, kept_report, ladder_record, ladder_records, market_meant
from app.runtime import runtime

MEDIA: Final[Mapping[Form, str]] = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}
MEDIA_TYPES: Final[Mapping[str, Form]] = {media.partition(";")[0]: name for name, media in MEDIA.items()}
_UNKNOWN = {400: "The day or a parameter is wrong", 404: "There is no ladder on that day, and why"}
_REPORT: Final[Any] = {
    200: {
        "description": f"In the form that Accept or `format` asks for; {FROM_HEADER} tells where it was read",
        "content": {media: {"schema": {"type": "string"}} for media in MEDIA_TYPES if media != "application/json"},
        "headers": {FROM_HEADER: {"schema": {"type": "string", "enum": ["cache", "database"]}}},
    },
    406: "None of the forms is accepted",
    **_UNKNOWN,
}

premarket = APIBlueprint("premarket", __name__, url_prefix="/api/premarket", tag="Before the open")


@premarket.get("")
@premarket.input(LaddersQuery, location="query", arg_name="query")
@premarket.output(LaddersAnswer)
@premarket.doc(operation_id="getLadders", responses=_UNKNOWN)
def list_ladders(query: LaddersQuery) -> PageAnswer:
    """The ladders before the opens, the latest day first"""
    rt = runtime()
    market = market_meant(rt, rt.premarket_policy, query.market)
    found = ladder_records(rt, market, query.cursor, query.limit + 1)
    shown, cursor = cut_page(found, query.limit, lambda one: str(one["session_date"]))
    return answer_page("ladders", shown, cursor, market=market)


@premarket.get("/latest")
@premarket.input(LadderQuery, location="query", arg_name="query")
@premarket.output(LadderAnswer)
@premarket.doc(operation_id="getLatestLadder", responses=_UNKNOWN)
def show_latest(query: LadderQuery) -> dict[str, Any]:
    """The ladder at hand

    The one that began last, until the next one begins: after the open it is still that of the day.
    """
    return _ladder(None, query)


@premarket.get("/<day>")
@premarket.input(LadderQuery, location="query", arg_name="query")
@premarket.output(LadderAnswer)
@premarket.doc(operation_id="getLadder", responses=_UNKNOWN)
def show_ladder(day: str, query: LadderQuery) -> dict[str, Any]:
    """The ladder of a trading day

    Its stages, what became of each, and the verdict with its reasons.
    """
    return _ladder(read_day(day), query)


@premarket.get("/<day>/report")
@premarket.input(ReportQuery, location="query", arg_name="query")
@premarket.output(PremarketReportAnswer)
@premarket.doc(operation_id="getPremarketReport", responses=_REPORT)
def show_report(day: str, query: ReportQuery) -> Response:
    """The report before the open of a trading day, or of the `latest` ladder

    As JSON, as a page to read (HTML) or as a table of all figures (CSV).
    """
    rt, form = runtime(), query.format or _asked_form()
    on = None if day == LATEST else read_day(day)
    market = market_meant(rt, rt.premarket_policy, query.market)
    kept = kept_report(rt, rt.premarket_policy, market, on, _cache())
    body = _written(form, kept)
    headers = {FROM_HEADER: kept.origin, **_headers(form, kept, body)}
    return vary_by_accept(Response(body, content_type=MEDIA[form], headers=headers))


def _ladder(day: date | None, query: LadderQuery) -> dict[str, Any]:
    rt = runtime()
    return ladder_record(rt, rt.premarket_policy, market_meant(rt, rt.premarket_policy, query.market), day)


def _asked_form() -> Form:
    best = choose_form(request.headers.get("Accept", ""), tuple(MEDIA_TYPES))
    if best is None:
        raise NotAcceptable(f"this is answered as {', '.join(MEDIA_TYPES)}: name one of them in Accept")
    return MEDIA_TYPES[best]


def _cache() -> Any:
    try:
        return parts().bus
    except Unavailable:
        return None


def _written(form: Form, kept: KeptReport) -> str:
    if form == "json":
        return kept.text
    # What writes reports takes a while to load.
    from app.reports.premarket import premarket_csv
    from app.reports.premarket_page import premarket_html

    return (
        premarket_csv(kept.document) if form == "csv" else premarket_html(kept.document, _analysis(kept), kept.standing)
    )


def _analysis(kept: KeptReport) -> Mapping[str, Any] | None:
    if kept.job_id is None:
        return None
    try:
        with runtime().sessions() as session:
            return document_of(session, kept.job_id)
    except (NotFound, Conflict):
        return None


def _headers(form: Form, kept: KeptReport, body: str) -> dict[str, str]:
    if form == "html":
        return {"Content-Security-Policy": report_policy(body)}
    name = f"premarket-{kept.standing['session_date']}.csv"
    return {} if form == "json" else {"Content-Disposition": f'attachment; filename="{name}"'}
