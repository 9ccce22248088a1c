import subprocess
import sys
from datetime import date

import pytest

from app.jobs.score_history import Degraded
from tests.tree import ROOT

ASKED = """
import sys
from app.api.predictions import show_performance
from app.jobs.models import PredictionModel, PredictionScore
from app.jobs.score_history import degraded_models, kept_records, score_numbers
from app.jobs.score_showing import show_scores
from datetime import UTC, date, datetime

NOW = datetime(2025, 10, 9, tzinfo=UTC)
FIGURES = {"degradation": {"degraded": False}}
SCORE = PredictionScore(
    id=1, model_id=1, symbol="ES", horizon="1h", session_date=date(2025, 10, 8), scored_at=NOW, outcomes=40,
    degraded=False, figures=FIGURES,
)

class OneRow:
    def execute(self, query):
        return [(SCORE, PredictionModel(id=1, kind="direction-logistic", version=1))]

class NoRows:
    def execute(self, query):
        return []

told = kept_records(OneRow()), degraded_models(OneRow(), NOW), score_numbers(NoRows()), show_scores(NoRows())
print(told[0], told[1], told[2], told[3]["status"], told[3]["performance"])
print({"duckdb", "pandas", "polars", "scipy", "sklearn", "talib"} & set(sys.modules))
"""
DEGRADATION = {"cusum": {"value": 12.04, "n": 260}}


def test_what_is_kept_is_read_without_anything_that_computes():
    answer = subprocess.run([sys.executable, "-c", ASKED], cwd=ROOT, capture_output=True, text=True, check=True)

    assert answer.stdout.splitlines() == [
        "{'ES': {'1h': {'degradation': {'degraded': False}}}} [] {} insufficient_data []",
        "set()",
    ]


@pytest.mark.parametrize(
    ("latest", "told"),
    [(None, "(CUSUM 12.0, n = 260)"), (-0.0421, "(CUSUM 12.0, Brier skill of the last 200 -0.042, n = 260)")],
)
def test_what_is_degraded_has_a_name_and_a_line_for_a_person(latest, told):
    figures = DEGRADATION | {"last_200": {"value": latest}}

    found = Degraded("6E", "5m", "direction-logistic 1", figures, date(2025, 10, 6))

    assert found.subject == "6E 5m direction-logistic 1"
    assert found.detail.startswith("6E is held at 5m: ")
    assert found.detail.endswith(f"since the session of 2025-10-06 {told}")
