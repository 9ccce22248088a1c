"""The admin's tables of what leads up to an open: the stages of each day, and what they came to."""

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import Response, flash, redirect
from flask_admin.base import expose
from sqlalchemy.orm import defer

from app.admin.records import RecordView
from app.admin.showing import linked_job
from app.clock import parse_day
from app.errors import Conflict, NotFound, ThorError
from app.jobs.service import document_of
from app.operations.premarket.looking import kept_report
from app.premarket.models import PremarketReport
from app.reports.premarket_page import premarket_html
from app.runtime import runtime


class StageView(RecordView):
    """The stages of the ladders, and what became of each."""

    column_list = (
        "market", "session_date", "stage", "status", "planned_at", "deadline_at", "asof", "started_at", "done_at",
        "late_s", "reasons",
    )  # fmt: skip
    column_details_list = (*column_list, "jobs", "detail")
    column_searchable_list = ("market", "stage", "status")
    column_filters = ("market", "session_date", "stage", "status", "planned_at", "done_at", "late_s")
    column_default_sort = ("planned_at", True)


class ReportView(RecordView):
    """The reports before the opens, with their verdicts."""

    column_list = (
        "market", "session_date", "opens_at", "verdict", "reasons", "job_id", "asof", "made_at", "verified_at",
    )  # fmt: skip
    column_details_list = (*column_list, "sha256", "document")
    column_searchable_list = ("market", "verdict")
    column_filters = ("market", "session_date", "verdict", "opens_at", "made_at", "job_id")
    column_formatters: ClassVar = {"job_id": linked_job}
    column_default_sort = ("session_date", True)

    details_template = "thor/premarket.html"

    def get_query(self) -> Any:
        """Lists do without the documents, which are large."""
        return super().get_query().options(defer(PremarketReport.document))

    @expose("/<market>/<day>/report.html")
    def report(self, market: str, day: str) -> Any:
        """The report as one file, with the analysis that it rests on."""
        rt = runtime()
        try:
            kept = kept_report(rt, rt.premarket_policy, market, parse_day(day), None)
            page = premarket_html(kept.document, self._analysis(kept.job_id), kept.standing)
        except ThorError as error:
            flash(str(error), "error")
            return redirect(self.get_url(".index_view"))
        told = {"Content-Disposition": f'attachment; filename="premarket-{kept.standing["session_date"]}.html"'}
        return Response(page, content_type="text/html; charset=utf-8", headers=told)

    def _analysis(self, job_id: int | None) -> Mapping[str, Any] | None:
        try:
            return None if job_id is None else document_of(self.session(), job_id)
        except (NotFound, Conflict):
            return None
