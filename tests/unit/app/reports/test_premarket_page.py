import re
from datetime import timedelta

import pytest

from app.premarket.forms import stage_form
from app.reports.premarket_page import premarket_html, verdict_words
from tests import documents
from tests.premarket_days import OPENS, advised, analysis_of, report_of, stage_row


def page(**told):
    """A page about ES and NQ, with the analysis unless told otherwise."""
    analysis = analysis_of(ES=advised(), NQ=advised("NQ", "SELL"))
    document = report_of(analysis, left_out={"CL": "there is no tick of it"}, **told.pop("report", {}))
    return premarket_html(document, told.pop("analysis", analysis), told.pop("standing", None))


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>|&nbsp;", " ", html.partition("</style>")[2]))


@pytest.mark.parametrize("verdict", ["READY", "DEGRADED", "LATE", "MISSING"])
def test_the_verdict_and_its_reasons_come_first(verdict):
    found = text_of(page(standing={"verdict": verdict, "reasons": ["ES lacks 2025-10-08", "patterns failed"]}))

    assert found.index(verdict) < found.index("ES lacks 2025-10-08") < found.index("patterns failed")
    assert found.index("patterns failed") < found.index("Signals")
    assert verdict_words(verdict) in found


def test_of_many_reasons_the_gravest_are_in_sight_and_none_is_left_out():
    found = page(standing={"verdict": "DEGRADED", "reasons": [f"reason {number}." for number in range(11)]})

    assert found.index("reason 7.") < found.index("and 3 more") < found.index("reason 8.") < found.index("reason 10.")


def test_without_a_verdict_the_page_says_that_it_cannot_be_told():
    assert "NO VERDICT YET It cannot be told yet" in text_of(page())


def test_the_open_is_told_in_utc_and_by_the_markets_clock():
    found = text_of(page())

    assert "Opens 08:30 America/Chicago (2025-10-09 13:30 UTC)" in found
    assert "Made 08:03 America/Chicago (2025-10-09 13:03 UTC)" in found
    assert re.search(r"ES BUY 1h 2 .*? 09:00 14:00 UTC NQ SELL 1h -2 ", found)


def test_an_end_before_the_open_is_told_of_what_is_to_be_done_alone():
    trees = {"ES": advised(), "NQ": advised("NQ", "HOLD", contracts=0)}
    for tree in trees.values():
        tree["recommendation"]["valid_until"] = "2025-10-09T13:05:00.000000Z"
    analysis = analysis_of(**trees)

    found = text_of(premarket_html(report_of(analysis), analysis))

    assert re.findall(r"it ends at 13:05 UTC on 2025-10-09, before the open", found) == [
        "it ends at 13:05 UTC on 2025-10-09, before the open"
    ]


def test_a_time_of_another_day_has_its_date():
    early = stage_form(stage_row("patterns", planned_at=OPENS - timedelta(hours=9)))

    assert "2025-10-08 23:30 08:00 – –" in text_of(page(standing={"stages": [early]}))


def test_every_signal_has_its_score_out_of_sample_beside_it():
    found = text_of(page())

    assert re.search(r"ES BUY 1h .*? 55 % n = 600 0\.012 n = 600 , p = 0\.001 55 %", found)
    assert re.search(r"CL left out there is no tick of it", found)


def test_a_signal_without_a_score_tells_why():
    tree = advised()
    tree["recommendation"]["out_of_sample"] = {}
    analysis = analysis_of(ES=tree)

    assert "none the analysis gives no score out of sample" in text_of(premarket_html(report_of(analysis), analysis))


def test_the_positions_together_are_told_with_their_limit():
    found = text_of(page())

    assert "3 by itself, scaled by 0.667" in found
    assert "The limit is 2,000, and what the positions by themselves put at risk comes to 3,000." in found


def test_the_ladder_is_told_as_it_stands_now():
    late = stage_form(
        stage_row(
            "patterns", status="late", late_s=75, done_at=OPENS + timedelta(seconds=1), reasons=["ES failed once"]
        )
    )

    found = text_of(page(report={"stages": [stage_form(stage_row("patterns"))]}, standing={"stages": [late]}))

    assert re.search(r"patterns late 75 s 07:30 08:00 – 08:30:01 0 ES failed once", found)


def test_what_is_wrong_with_the_data_is_told():
    assert "2 of 23 sessions have no file: 2025-02-03, 2025-02-04" in text_of(page())


def test_the_analysis_follows_the_report_where_there_is_one():
    assert "All figures" in page()
    assert "All figures" not in page(analysis=None)
    assert "The whole analysis is not at hand." in page(analysis=None)


def test_the_page_needs_nothing_else_and_runs_nothing():
    tree = advised()
    tree["recommendation"]["reason"] = documents.EVIL
    analysis = analysis_of(ES=tree)

    html = premarket_html(report_of(analysis), analysis, {"verdict": "LATE", "reasons": [documents.EVIL]})

    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(?!data:,)[^"' >]+""", html) == []
    assert not re.search(r"\son\w+=|style=", html)


def test_a_page_of_a_stored_report_has_its_symbols_in_their_order():
    document = report_of(analysis_of(NQ=advised(), ES=advised()))
    stored = document | {"signals": dict(sorted(document["signals"].items()))}

    found = text_of(premarket_html(stored, None))

    assert found.index("NQ BUY") < found.index("ES BUY")
