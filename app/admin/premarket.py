"""The admin's tables of what leads up to an open: the stages of each day, and what they came to."""

from typing import Any, ClassVar

from sqlalchemy.orm import defer

from app.admin.records import RecordView
from app.admin.showing import linked_job
from app.premarket.models import PremarketReport


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

    def get_query(self) -> Any:
        """Lists do without the documents, which are large."""
        return super().get_query().options(defer(PremarketReport.document))
