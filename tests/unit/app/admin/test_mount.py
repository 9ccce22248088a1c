import subprocess
import sys

from tests.tree import ROOT

HEAVY = ("flask_admin", "flask_wtf", "wtforms", "openpyxl")


def test_whoever_does_not_ask_for_the_admin_does_not_wait_for_its_libraries():
    script = f"import sys, app.factory; print([name for name in {HEAVY} if name in sys.modules])"

    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"
