from types import SimpleNamespace

from app.admin.showing import before_and_after, changes_in_a_line, in_full, listed, shortened, whole_percent
from tests.documents import EVIL


def test_a_tree_is_a_table_and_no_json():
    shown = in_full(None, {"n_tried": 3, "made": "2025-03-07T21:00:00.123456Z", "inner": {"a": None}, "list": [1, 2]})

    assert "{" not in shown
    assert shown.count("<table") == 2
    for text in ("Hypotheses tried", "2025-03-07 21:00 UTC", "1; 2", "–"):
        assert text in shown


def test_texts_of_a_tree_are_escaped():
    assert "<script" not in in_full(None, {EVIL: EVIL, "list": [EVIL], "inner": {EVIL: {EVIL: EVIL}}})
    assert "<script" not in before_and_after(None, None, SimpleNamespace(changes={EVIL: [EVIL, None]}), "changes")


def test_a_long_tree_is_cut_in_a_list():
    assert len(shortened(None, {"a": "x" * 1_000})) < 250
    assert listed(None, [{"a": 1}]) == "A: 1"


def test_a_change_shows_what_was_and_what_is():
    row = SimpleNamespace(changes={"weight": ["1.0", "1.5"], "note": [None, "because"], "gone": ["x", None]})

    line = changes_in_a_line(None, None, row, "changes")

    assert line == "Weight: 1.0 → 1.5; Note: because; Gone: x → –"


def test_what_was_and_is_empty_is_not_told_and_many_changes_are_counted():
    row = SimpleNamespace(changes={**{f"n{place}": [None, place] for place in range(1, 8)}, "error": [None, ""]})

    assert changes_in_a_line(None, None, row, "changes").endswith("; 3 more")
    assert "Error" not in before_and_after(None, None, row, "changes")


def test_progress_has_no_decimals():
    assert whole_percent(None, None, SimpleNamespace(progress=0.0667), "progress") == "7 %"
