"""The admin's tables of what analyses found: results, predictions, signals, and the models behind them."""

from typing import Any, ClassVar

from sqlalchemy.orm import Session, defer

from app.admin.forms import ModelForm
from app.admin.records import RecordView
from app.admin.showing import in_words, linked_job, percent
from app.jobs.models import WHOLE, AnalysisResult
from app.reports.html import report_body, stylesheet


def _scope(_view: Any, _context: Any, model: Any, _name: str) -> str:
    return "all together" if model.scope == WHOLE else str(model.scope)


class ResultView(RecordView):
    """What jobs found, by symbol; the row of all together has the scope *."""

    column_list = (
        "id", "job_id", "scope", "action", "reason_code", "confidence", "trend_score", "volatility", "pattern_strength",
        "verdict", "asof", "created_at",
    )  # fmt: skip
    column_details_list = (*column_list, "data_hash")
    column_searchable_list = ("scope", "reason_code")
    column_filters = (
        "job_id", "scope", "action", "reason_code", "confidence", "trend_score", "volatility", "verdict", "created_at",
    )  # fmt: skip
    column_default_sort = ("id", True)
    column_formatters: ClassVar = {
        "job_id": linked_job, "reason_code": in_words, "confidence": percent, "volatility": percent, "scope": _scope,
    }  # fmt: skip
    details_template = "thor/result.html"

    def get_query(self) -> Any:
        """Lists do without the documents, which are large."""
        return super().get_query().options(defer(AnalysisResult.document))

    def render(self, template: str, **told: Any) -> str:
        """The page of a result is its report."""
        if template == self.details_template:
            row = told["model"]
            document = row.document if row.scope == WHOLE else {"symbols": {row.scope: row.document}}
            told["report"], told["report_css"] = report_body(document), stylesheet()
        page: str = super().render(template, **told)
        return page


class PredictionView(RecordView):
    """The ledger of predictions, as it was written."""

    column_list = (
        "id", "symbol", "horizon", "asof", "target_ts", "p", "base_rate", "gated", "base_price", "low", "high",
        "outcome", "outcome_price", "resolved_at", "void", "job_id",
    )  # fmt: skip
    column_details_list = (*column_list, "model_id", "source", "made_at", "n_train", "params_hash", "data_hash")
    column_formatters: ClassVar = {"job_id": linked_job, "p": percent, "base_rate": percent}
    column_searchable_list = ("symbol", "source", "void")
    column_filters = (
        "symbol", "horizon", "source", "gated", "outcome", "asof", "target_ts", "resolved_at", "job_id", "p",
    )  # fmt: skip
    column_default_sort = ("id", True)


class SignalView(RecordView):
    """What jobs recommended."""

    column_list = ("id", "job_id", "symbol", "side", "strength", "reason_code", "asof", "valid_until")
    column_details_list = (*column_list, "model_id")
    column_formatters: ClassVar = {"job_id": linked_job, "reason_code": in_words}
    column_searchable_list = ("symbol", "reason_code")
    column_filters = ("job_id", "symbol", "side", "strength", "reason_code", "asof", "valid_until")
    column_default_sort = ("id", True)


class ScoreView(RecordView):
    """How predictions had done when a session was over."""

    column_list = ("id", "session_date", "model_id", "symbol", "horizon", "outcomes", "degraded", "scored_at")
    column_details_list = (*column_list, "figures")
    column_searchable_list = ("symbol", "horizon")
    column_filters = ("session_date", "model_id", "symbol", "horizon", "outcomes", "degraded")
    column_default_sort = ("id", True)


class ModelView(RecordView):
    """The ways of predicting; one that is not enabled predicts nothing."""

    entity = "prediction_models"
    can_edit = True
    column_list = ("id", "kind", "version", "description", "enabled", "performance_at", "created_at")
    column_details_list = (*column_list, "parameters", "performance")
    column_searchable_list = ("kind", "description")
    column_filters = ("kind", "version", "enabled", "created_at")
    column_editable_list = ("enabled",)
    column_default_sort = ("id", True)

    def scaffold_form(self) -> Any:
        """The one thing that may be changed."""
        return ModelForm

    def change(self, _session: Session, form: Any, row: Any) -> None:
        """Have the model predict, or not."""
        row.enabled = bool(form.enabled.data)
