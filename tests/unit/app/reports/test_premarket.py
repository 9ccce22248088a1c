import csv
import io
import json

import pytest

from app.analysis.findings import figures
from tests import documents
from tests.premarket_days import advised, analysis_of, report_of


def test_the_report_names_its_day_its_analysis_and_its_symbols():
    found = report_of(analysis_of(ES=advised(), NQ=advised()), left_out={"CL": "there is no tick of it"})

    assert (found["market"], found["session_date"], found["rests_on"]) == ("CME_Futures", "2025-10-09", "report")
    assert (found["opens_at"], found["made_at"]) == ("2025-10-09T13:30:00.000000Z", "2025-10-09T13:03:00.000000Z")
    assert (found["asof"], found["job_id"]) == ("2025-10-09T13:00:00.000000Z", 7)
    assert (found["symbols"], found["left_out"]) == (["ES", "NQ"], {"CL": "there is no tick of it"})


def test_every_figure_is_that_of_the_analysis():
    analysis = analysis_of(ES=advised())
    tree = analysis["symbols"]["ES"]

    found = report_of(analysis)

    signal = found["signals"]["ES"]
    assert signal["confidence"] == tree["recommendation"]["confidence"]
    assert signal["out_of_sample"] == tree["recommendation"]["out_of_sample"]
    assert signal["net_edge"] == tree["recommendation"]["net_edge"]
    assert found["risk"]["symbols"]["ES"]["sizing"] == tree["sizing"]
    assert found["outlook"]["ES"]["trend"]["combined"] == tree["trend"]["combined"]
    assert found["outlook"]["ES"]["regime"] == tree["regime"]
    assert found["correlation"] == analysis["portfolio"]["correlation"]
    assert found["performance"] == analysis["track_record"]


def test_a_signal_that_holds_at_the_open_says_nothing_of_its_end():
    signal = report_of(analysis_of(ES=advised()))["signals"]["ES"]

    assert (signal["action"], signal["holds_at_open"], signal["note"]) == ("BUY", True, "")


@pytest.mark.parametrize("until", ["2025-10-09T13:30:00.000000Z", "2025-10-09T13:05:00.000000Z"])
def test_a_signal_that_ends_by_the_open_says_so_and_is_not_held(until):
    tree = advised()
    tree["recommendation"]["valid_until"] = until

    found = report_of(analysis_of(ES=tree))

    assert not found["signals"]["ES"]["holds_at_open"]
    assert found["signals"]["ES"]["note"] == f"it ends at {until[11:16]} UTC on 2025-10-09, before the open"
    assert found["risk"]["positions"]["contracts"]["ES"]["value"] == 0


@pytest.mark.parametrize("tested", [None, {}, {"brier_skill": 0.5}])
def test_a_signal_without_a_score_out_of_sample_says_why(tested):
    tree = advised()
    tree["recommendation"]["out_of_sample"] = tested

    scores = report_of(analysis_of(ES=tree))["signals"]["ES"]["out_of_sample"]

    assert [figure["reason"] for _, figure in figures(scores)] == ["the analysis gives no score out of sample"]


def test_an_analysis_that_predicts_nothing_holds_every_symbol_for_that_reason():
    tree = {name: part for name, part in advised().items() if name in ("quality", "risk", "volatility")}

    found = report_of(analysis_of(ES=tree), rests_on="composite")

    signal = found["signals"]["ES"]
    assert (signal["action"], signal["reason_code"]) == ("HOLD", "not_predicted")
    assert signal["out_of_sample"]["brier_skill"]["reason"] == "this kind of analysis predicts nothing"
    assert found["expected_ranges"] == {"ES": {}}


def test_ranges_are_those_of_the_forecast_with_their_record_and_else_of_the_prediction():
    interval = documents.figure(20.0, unit="points", ci=[6000.0, 6020.0], ci_level=0.9)
    tree = advised()
    tree["forecast"] = {
        "1h": {"base": documents.figure(6010.0), "interval": interval, "coverage": documents.figure(0.9)}
    }
    tree["prediction"] = {"1h": {"target_ts": "2025-10-09T14:00:00.000000Z"}, "5m": {"interval": interval}}

    found = report_of(analysis_of(ES=tree))["expected_ranges"]["ES"]

    assert set(found["1h"]) == {"base", "coverage", "target_ts", "interval"}
    assert found["5m"] == {"interval": interval}


def test_the_tails_are_those_of_the_method_that_comes_first():
    tail = {name: documents.figure(0.01, method=name) for name in ("fhs", "historical")}
    tree = advised() | {"risk": {"session": {"var_99": tail}, "contract": {"var_99": documents.figure(500.0)}}}

    found = report_of(analysis_of(ES=tree))["risk"]["symbols"]["ES"]

    assert found["session"] == {"var_99": tail["fhs"]}
    assert found["contract"]["var_99"]["value"] == 500.0


def test_a_number_that_is_not_finite_is_no_report():
    with pytest.raises(ValueError, match="JSON"):
        report_of(analysis_of(ES=advised()) | {"track_record": {"ES": {"hit_rate": float("nan")}}})


def test_the_table_of_figures_has_them_all_and_no_formula():
    from app.reports.premarket import premarket_csv

    document = report_of(analysis_of(ES=advised()))
    document["signals"]["ES"]["confidence"]["label"] = documents.FORMULA

    rows = list(csv.DictReader(io.StringIO(premarket_csv(document), newline="")))

    assert [row["path"] for row in rows] == ["/".join(path) for path, _ in figures(document)]
    told = next(row for row in rows if row["path"] == "signals/ES/confidence")
    assert (told["value"], told["label"][:2]) == ("0.55", "'=")


def test_the_report_is_plain_json():
    found = report_of(analysis_of(ES=advised()))

    assert json.loads(json.dumps(found, allow_nan=False)) == found
