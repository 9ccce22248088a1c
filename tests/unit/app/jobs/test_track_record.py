import subprocess
import sys

from tests.tree import ROOT

ASKED = """
import sys
from app.jobs.track_record import degraded_in, read_records, told_of

class NoRows:
    def execute(self, query):
        return []

records = read_records(NoRows(), 1)
print(told_of(records, None), degraded_in(records))
print({"duckdb", "pandas", "polars", "scipy", "sklearn", "talib"} & set(sys.modules))
"""


def test_where_no_prediction_has_an_outcome_nothing_is_loaded_that_computes():
    answer = subprocess.run([sys.executable, "-c", ASKED], cwd=ROOT, capture_output=True, text=True, check=True)

    assert answer.stdout.splitlines() == ["{} []", "set()"]
