"""The admin's table of analyses: asking for one, watching it, taking it back, trying again, and taking results away."""

import logging
from typing import Any, ClassVar, Final

from flask import Response, flash, redirect, request
from flask_admin.actions import action
from flask_admin.base import expose
from flask_admin.contrib.sqla.filters import BaseSQLAFilter
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.admin.exports import as_csv, as_workbooks
from app.admin.forms import JobForm
from app.admin.history import hand, note_change, values_of
from app.admin.records import RecordView, do_each
from app.admin.showing import linked_job, whole_percent
from app.errors import Conflict, NotFound, Rejected, ThorError, Unavailable
from app.instruments.models import TradingInstrument
from app.jobs.models import AnalysisJob
from app.jobs.requests import JobRequest
from app.jobs.service import FINISHED, cancel, document_of, find_job, retry, submit
from app.reports.html import html_report, report_body, stylesheet
from app.runtime import runtime

log = logging.getLogger(__name__)

BY: Final = "admin"
MOST_EXPORTED: Final = 50
REFRESH_S: Final = 3


class HasSymbol(BaseSQLAFilter):
    """Rows whose list of symbols has one."""

    def apply(self, query: Any, value: str, _alias: Any = None) -> Any:
        """Keep those rows."""
        return query.filter(self.get_column(None).contains([value.strip().upper()]))

    def operation(self) -> str:
        """How the filter reads."""
        return "has"


class JobView(RecordView):
    """Analyses that were asked for."""

    entity = "analysis_jobs"
    can_create = True
    column_list = (
        "id", "kind", "symbols", "timeframe", "start_date", "end_date", "status", "progress", "stage", "requested_by",
        "created_at", "finished_at", "error",
    )  # fmt: skip
    column_searchable_list = ("kind", "status", "stage", "timeframe", "error", "requested_by")
    column_filters = (
        HasSymbol(AnalysisJob.symbols, "Symbols"), "id", "status", "kind", "requested_by", "created_at", "start_date",
        "retry_of",
    )  # fmt: skip
    column_formatters: ClassVar = {"progress": whole_percent, "retry_of": linked_job}
    column_default_sort = ("id", True)
    details_template = "thor/job.html"

    def scaffold_form(self) -> Any:
        """What may be asked."""
        return JobForm

    def create_form(self, obj: Any = None) -> Any:
        """The form with the instruments of the present."""
        form = super().create_form(obj)
        known = self.session.scalars(select(TradingInstrument.symbol).order_by(TradingInstrument.symbol))
        form.symbols.choices = list(known)
        return form

    def make(self, session: Session, form: Any) -> Any:
        """Ask for the analysis; the same unfinished question is the job that there is."""
        rt = runtime()
        found = submit(session, rt.market, _request(form), rt.clock.now(), requested_by=BY)
        if not found.created:
            raise Conflict(f"job {found.job.id} works on the same question: there is no need for another one")
        return found.job

    def create_model(self, form: Any) -> Any:
        """Ask for the analysis on record, and send it to the workers."""
        made = super().create_model(form)
        if made:
            flash(_sent(made.id), "info")
        return made

    def get_save_return_url(self, model: Any, **_told: Any) -> str:
        """The page of the job, to watch it."""
        return str(self.get_url(".details_view", id=model.id))

    def render(self, template: str, **told: Any) -> str:
        """The page of a job has its results, and looks again by itself while there are none."""
        if template == self.details_template:
            job = told["model"]
            told["refresh_s"] = None if job.status in FINISHED else REFRESH_S
            told["report"] = report_body(document_of(self.session(), job.id)) if job.status == "done" else ""
            told["report_css"] = stylesheet()
        page: str = super().render(template, **told)
        return page

    @action("run", "Run", "Send the chosen jobs to the workers once more?")
    def run(self, ids: list[str]) -> None:
        """Send pending jobs to the workers, whose message may have been lost."""
        do_each(self, ids, self._run)

    @action("cancel", "Cancel", "Cancel the chosen jobs?")
    def cancel(self, ids: list[str]) -> None:
        """Take jobs back."""
        do_each(self, ids, self._cancel)

    @action("retry", "Retry", "Ask again for what failed or was cancelled?")
    def retry(self, ids: list[str]) -> None:
        """Ask again."""
        for job_id in ids:
            do_each(self, [job_id], self._retry)

    @action("export_csv", "Export as CSV")
    def export_as_csv(self, ids: list[str]) -> Any:
        """The figures of the chosen jobs in one file."""
        return self._download(ids, as_csv, "text/csv", "csv")

    @action("export_xlsx", "Export as workbook")
    def export_as_workbook(self, ids: list[str]) -> Any:
        """The figures of the chosen jobs, a workbook each."""
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return self._download(ids, as_workbooks, kind, "xlsx")

    @expose("/<int:job_id>/report.html")
    def report(self, job_id: int) -> Any:
        """The report as one file."""
        try:
            page = html_report(document_of(self.session(), job_id))
        except (NotFound, Conflict) as error:
            flash(str(error), "error")
            return redirect(self.get_url(".index_view"))
        return _file(page.encode(), "text/html; charset=utf-8", f"job-{job_id}.html")

    @expose("/<int:job_id>/<any(run, cancel, retry):what>", methods=("POST",))
    def act(self, job_id: int, what: str) -> Any:
        """One of the actions, for the job of a page."""
        do_each(self, [str(job_id)], {"run": self._run, "cancel": self._cancel, "retry": self._retry}[what])
        back = {"id": job_id} if request.form.get("back") else None
        return redirect(self.get_url(".details_view", **back) if back else self.get_url(".index_view"))

    def _run(self, session: Session, told: str) -> str:
        job = find_job(session, _number(told))
        if job.status != "pending":
            raise Conflict(f"job {job.id} is {job.status}: only a pending one can be sent")
        note_change(session, hand(), self.entity, job.id, "run")
        return _sent(job.id)

    def _cancel(self, session: Session, told: str) -> str:
        now = runtime().clock.now()
        before = values_of(find_job(session, _number(told)))
        job = cancel(session, _number(told), now)
        note_change(session, hand(), self.entity, job.id, "cancel", before, values_of(job))
        return f"Job {job.id} is cancelled" if job.status == "cancelled" else f"Job {job.id} will stop soon"

    def _retry(self, session: Session, told: str) -> str:
        now = runtime().clock.now()
        found = retry(session, _number(told), now, requested_by=BY)
        if not found.created:
            return f"Job {found.job.id} works on the same question already"
        note_change(session, hand(), self.entity, found.job.id, "retry", None, values_of(found.job))
        session.commit()
        return _sent(found.job.id)

    def _download(self, ids: list[str], write: Any, media_type: str, ending: str) -> Any:
        documents: dict[str, Any] = {}
        for one in ids[:MOST_EXPORTED]:
            try:
                documents[f"job-{_number(one)}"] = document_of(self.session(), _number(one))
            except ThorError as error:
                flash(str(error), "error")
        if not documents:
            return None
        content = write(documents)
        if ending == "xlsx" and len(documents) > 1:
            return _file(content, "application/zip", "jobs.zip")
        name = next(iter(documents)) if len(documents) == 1 else "jobs"
        return _file(content, media_type, f"{name}.{ending}")


def _request(form: Any) -> JobRequest:
    asked = {
        "kind": form.kind.data,
        "symbols": form.symbols.data,
        "timeframe": (form.timeframe.data or "").strip() or None,
        "start_date": form.start_date.data,
        "end_date": form.end_date.data,
        "parameters": form.parameters.value or {},
    }
    try:
        return JobRequest.model_validate(asked)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False)]
        raise Rejected("; ".join(problems)[:500]) from None


def _sent(job_id: int) -> str:
    try:
        runtime().dispatch.run_job(job_id)
    except Unavailable as error:
        log.warning("job %s is kept, the queue is away: %s", job_id, error)
        return f"Job {job_id} is kept; the queue is away, and it is sent when that is back"
    return f"Job {job_id} is sent to the workers"


def _file(content: bytes, media_type: str, name: str) -> Response:
    return Response(content, content_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
