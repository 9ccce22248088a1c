import re

from app.analysis.document import NOT_PREDICTED, REASONS
from tests.tree import ROOT


def test_the_reasons_to_hold_are_documented_in_their_order():
    guide = (ROOT / "docs/analysis.md").read_text()

    documented = re.findall(r"^\| `([a-z_]+)` \|", guide.split("| `reason_code` |")[1].split("\n\n")[0], re.MULTILINE)
    assert documented == list(REASONS)


def test_every_reason_is_a_sentence():
    assert all(len(text) > 20 and not text.endswith(".") for text in REASONS.values())
    assert REASONS[NOT_PREDICTED] == "this kind of analysis predicts nothing"
