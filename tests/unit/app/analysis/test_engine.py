import hashlib
import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from app.analysis.data.cache import Cache
from app.analysis.engine import analyse
from app.analysis.findings import FIGURE_KEYS, figures, to_plain
from app.analysis.question import KINDS, Parameters
from app.errors import Conflict, NotFound, Rejected
from app.lake.layout import Lake
from tests.bar_files import damage, with_bars
from tests.made_lakes import made_symbol, make_symbol, put, short_sessions, walk_of, with_columns
from tests.nulls.engine import differences, question_of, told, until
from tests.tick_days import input_of, sessions, steady
from tests.tree import ROOT

PARAMETERS = Parameters.model_validate({"horizons": ["5m"], "permutations": 99})
# The market is open then, so that what is recommended can be done.
BEFORE = timedelta(minutes=30)
PARTS = {
    "full": (
        "recommendation prediction sizing trend levels patterns indicators volatility regime seasonality forecast risk"
    ),
    "single": "trend levels patterns indicators volatility risk",
    "multi": "volatility regime risk",
    "series": "trend volatility regime seasonality forecast",
    "prediction": "recommendation prediction sizing volatility risk",
}
PORTFOLIO = {
    "full": {"correlation", "diversification", "weights", "ranking", "composite"},
    "multi": {"correlation", "diversification", "weights", "ranking"},
    "prediction": {"composite"},
}
# A program that tells the digest of the analysis of ES, without pandas and with one thread wherever that can be told.
ALONE = """
import hashlib, json, pickle, sys
sys.modules["pandas"] = None
from app.analysis.engine import analyse
from tests.nulls.engine import told
from app.lake.layout import Lake
root, wanted, question = pickle.load(sys.stdin.buffer)
found = analyse(question, [wanted], Lake(root), wanted.hours[-1].close)
print(hashlib.sha256(json.dumps(told(found), allow_nan=False).encode()).hexdigest())
"""


@pytest.fixture
def run(market, market_lake, market_cache):
    """Analyses some of the symbols as of the end, with what is kept of them."""

    def on(*symbols, cache=market_cache, asof=None, **parts):
        inputs = [market[symbol].wanted for symbol in symbols or market]
        options = {name: parts.pop(name) for name in ("model_enabled", "degraded", "say") if name in parts}
        moment = asof or inputs[0].hours[-1].close
        return analyse(
            question_of(inputs, **{"parameters": PARAMETERS, **parts}),
            inputs,
            market_lake,
            moment,
            cache=cache,
            **options,
        )

    return on


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_question_has_its_parts_and_no_other(run, kind):
    found = run(kind=kind)

    parts = {*PARTS[kind].split(), "quality", "charts"}
    assert {symbol: set(tree) for symbol, tree in found.symbols.items()} == {"ES": parts, "NQ": parts, "YM": parts}
    assert set(found.portfolio) == PORTFOLIO.get(kind, set())
    assert len(found.predictions) == (3 if kind in ("full", "prediction") else 0)


@pytest.mark.parametrize("kind", ["single", "multi", "series"])
def test_where_nothing_is_predicted_nothing_is_recommended(run, kind):
    found = run("NQ", kind=kind).recommended["NQ"]

    assert (found.action, found.confidence, found.strength, found.reason_code) == ("HOLD", 0.5, 0.0, "not_predicted")


def test_a_drift_is_acted_on_a_bounce_is_not_worth_it_and_a_walk_is_held(run, market):
    found = run(asof=market["ES"].wanted.hours[-1].close - BEFORE)

    assert {symbol: (one.action, one.reason_code) for symbol, one in found.recommended.items()} == {
        "ES": ("HOLD", "no_skill"),
        "NQ": ("BUY", ""),
        "YM": ("HOLD", "edge_below_cost"),
    }
    assert found.recommended["ES"].confidence == 0.5
    assert found.recommended["NQ"].confidence > 0.6
    assert found.symbols["NQ"]["sizing"]["contracts"]["value"] >= 0
    assert found.symbols["YM"]["sizing"]["contracts"]["value"] == 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"model_enabled": False}, "model_disabled"), ({"degraded": [("NQ", "1h"), ("NQ", "5m")]}, "model_degraded")],
)
def test_a_model_that_is_off_or_fails_is_not_acted_on(run, options, reason):
    found = run("NQ", kind="prediction", **options)

    assert (found.recommended["NQ"].action, found.recommended["NQ"].reason_code) == ("HOLD", reason)
    assert found.recommended["NQ"].confidence == 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_is_whole_and_no_number_is_not_finite(run, kind):
    check_document(run(kind=kind))


@pytest.mark.parametrize(
    ("count", "statuses"),
    [
        (
            1,
            "insufficient_data insufficient_data insufficient_data insufficient_data insufficient_data "
            "insufficient_data",
        ),
        (22, "ok low_history not_significant insufficient_data ok insufficient_data"),
        (60, "ok ok not_significant not_significant ok not_significant"),
    ],
)
def test_with_few_sessions_figures_have_the_status_that_is_documented(tmp_path, count, statuses):
    lake = Lake(tmp_path)
    hours = short_sessions(count, timedelta(hours=1))
    wanted = make_symbol(lake, "ES", hours, walk_of(1, 60 * count)).wanted
    parameters = PARAMETERS.model_copy(update={"horizons": ("1h", "5m")})

    found = analyse(question_of([wanted], parameters=parameters), [wanted], lake, hours[-1].close)

    tree = found.symbols["ES"]
    told_of = (
        tree["volatility"]["realised"],
        tree["volatility"]["label"],
        tree["trend"]["combined"],
        tree["seasonality"]["half_hours"]["significant"],
        tree["seasonality"]["volatility"]["+00:00"],
        tree["prediction"]["5m"]["probability"],
    )
    check_document(found)
    assert [figure["status"] for figure in told_of] == statuses.split()
    assert (found.recommended["ES"].action, found.recommended["ES"].confidence) == ("HOLD", 0.5)
    assert tree["prediction"]["1h"]["probability"]["status"] == "insufficient_data"


def test_without_any_tick_it_is_said_what_to_do(market, market_lake):
    empty = replace(market["ES"].wanted, files=())

    with pytest.raises(NotFound, match=r"no ticks of ES from 2025-09-22 to .*backfill-parquet"):
        analyse(question_of([empty]), [empty], market_lake, empty.hours[-1].close)


def test_before_the_first_minute_is_over_there_is_too_little_data_and_it_is_said_what_to_do(tmp_path):
    lake, [hours] = Lake(tmp_path), sessions(date(2025, 10, 9), 1)
    wanted = input_of(lake, {hours: steady(hours, [6_710.25, 6_710.5], every_s=10)})
    question = question_of([wanted], kind="single", parameters=PARAMETERS)

    with pytest.raises(NotFound, match=r"^insufficient data: .* of ES .* --date=2025-10-09`$") as early:
        analyse(question, [wanted], lake, hours.open + timedelta(seconds=59))
    found = analyse(question, [wanted], lake, hours.open + timedelta(seconds=60))

    assert "no ticks" not in str(early.value)
    assert found.inputs["ES"]["ticks"] == 2


def test_one_symbol_without_ticks_does_not_keep_the_other_from_its_analysis(market, market_lake, market_cache):
    inputs = [replace(market["ES"].wanted, files=()), market["NQ"].wanted]

    found = analyse(
        question_of(inputs, parameters=PARAMETERS), inputs, market_lake, inputs[0].hours[-1].close - BEFORE,
        cache=market_cache,
    )  # fmt: skip

    check_document(found)
    assert [one.reason_code for one in found.recommended.values()] == ["no_data", ""]
    assert found.inputs["ES"]["ticks"] == 0
    assert found.symbols["ES"]["quality"]["verdict"] == "reject"


def test_a_source_without_ticks_is_refused(run):
    with pytest.raises(Rejected, match="EXCEL has no ticks of ES"):
        run("ES", parameters=PARAMETERS.model_copy(update={"source": "EXCEL"}))


def test_holes_are_named_and_nothing_is_traded_on_what_is_left(market, market_lake, market_cache):
    whole = market["NQ"].wanted
    wanted = replace(whole, files=whole.files[:3] + whole.files[4:])

    found = analyse(
        question_of([wanted], parameters=PARAMETERS), [wanted], market_lake, whole.hours[-1].close, cache=market_cache
    )

    quality = found.symbols["NQ"]["quality"]
    assert (quality["verdict"], quality["sessions"]["value"]) == ("degraded", 11)
    assert any(str(whole.hours[3].day) in reason for reason in quality["reasons"])
    assert (found.recommended["NQ"].action, found.recommended["NQ"].reason_code) == ("HOLD", "data_rejected")


def test_a_gap_in_regular_hours_counts_by_the_hours_that_the_input_tells(market, tmp_path):
    hours, lake = market["NQ"].wanted.hours[:1], Lake(tmp_path)
    noon = hours[0].open + timedelta(hours=4)
    table = market["NQ"].tables[hours[0].day]
    before, after = table.slice(0, 240), table.slice(250)
    wanted = made_symbol(lake, "NQ", hours, {hours[0].day: pa.concat_tables([before, after])}).wanted
    regular = replace(
        wanted, regular=(replace(hours[0], open=noon - timedelta(hours=1), close=noon + timedelta(hours=1)),)
    )

    quality = [
        analyse(question_of([one], kind="single"), [one], lake, hours[0].close).symbols["NQ"]["quality"]
        for one in (wanted, regular)
    ]

    assert [one["verdict"] for one in quality] == ["ok", "degraded"]
    assert quality[0]["rules"]["longest_regular_gap"]["value"] is None
    assert 600 <= quality[1]["rules"]["longest_regular_gap"]["value"] < 720


def test_a_damaged_file_is_named_with_its_symbol_and_day(market, tmp_path):
    lake = Lake(tmp_path)
    made = made_symbol(lake, "ES", market["ES"].wanted.hours[:2], dict(list(market["ES"].tables.items())[:2]))
    path = made.wanted.files[1].path
    path.write_bytes(path.read_bytes()[:-100] + b"0" * 100)

    with pytest.raises(Conflict, match=r"ticks of ES on 2025-09-23"):
        analyse(question_of([made.wanted]), [made.wanted], lake, made.wanted.hours[-1].close)


def test_a_day_of_bars_is_named_and_changes_only_what_is_said_of_its_ticks(market, tmp_path):
    lake, wanted, parameters = Lake(tmp_path), two_days_with_bars(market, tmp_path), told_to_fall_back()
    asof, question = wanted.hours[-1].close, question_of([wanted], kind="single", parameters=parameters)
    whole = analyse(question, [wanted], lake, asof)
    damage(wanted.files[1].path)

    found = analyse(question, [wanted], lake, asof)

    check_document(found)
    day = wanted.hours[1].day.isoformat()
    assert (whole.inputs["ES"]["from_bars"], whole.inputs["ES"]["left_out"]) == ([], [])
    assert (found.inputs["ES"]["from_bars"], found.inputs["ES"]["left_out"]) == ([day], [])
    assert found.symbols["ES"]["quality"]["verdict"] == "degraded"
    changed = {place.split("/")[3] for place in differences(told(whole), told(found))}
    assert changed == {"data_hash", "from_bars", "quality"}


def test_a_day_without_sound_bars_is_left_out_and_a_symbol_without_any_does_not_end_the_others(market, tmp_path):
    lake, wanted, parameters = Lake(tmp_path), two_days_with_bars(market, tmp_path), told_to_fall_back()
    other = made_symbol(lake, "NQ", wanted.hours, dict(list(market["NQ"].tables.items())[:2])).wanted
    for path in (wanted.files[1].path, wanted.files[1].bars.path, *(file.path for file in other.files)):
        path.unlink()

    question = question_of([wanted, other], kind="single", parameters=parameters)
    found = analyse(question, [wanted, other], lake, wanted.hours[-1].close)

    days = [hours.day.isoformat() for hours in wanted.hours]
    assert (found.inputs["ES"]["from_bars"], found.inputs["ES"]["left_out"]) == ([], days[1:])
    assert (found.inputs["NQ"]["ticks"], found.inputs["NQ"]["left_out"]) == (0, days)
    assert found.symbols["NQ"]["quality"]["verdict"] == "reject"
    assert any(f"left out: {days[1]}" in reason for reason in found.symbols["ES"]["quality"]["reasons"])


def test_where_nothing_at_all_is_left_it_is_said_that_files_are_damaged_and_what_to_do(market, tmp_path):
    wanted = two_days_with_bars(market, tmp_path)
    for file in wanted.files:
        damage(file.path)
        file.bars.path.unlink()

    with pytest.raises(Conflict, match=r"ticks of ES from 2025-09-22 to 2025-09-23 are damaged or lost.*--overwrite"):
        analyse(question_of([wanted], parameters=told_to_fall_back()), [wanted], Lake(tmp_path), wanted.hours[-1].close)


@pytest.mark.parametrize("kind", ["full", "series"])
def test_with_whole_files_the_fallback_changes_no_figure_and_no_prediction(run, kind):
    one, other = run("NQ", kind=kind), run("NQ", kind=kind, parameters=told_to_fall_back())

    assert differences(told(one), told(other)) == ["/question/parameters/fallback"]


def test_the_same_question_again_opens_no_file_and_has_the_same_answer(market, tmp_path):
    lake, cache = Lake(tmp_path / "lake"), Cache(tmp_path / "cache", 10**9)
    inputs = [made_symbol(lake, name, market[name].wanted.hours, market[name].tables).wanted for name in ("ES", "NQ")]
    asof = inputs[0].hours[-1].close
    first = analyse(question_of(inputs, parameters=PARAMETERS), inputs, lake, asof, cache=cache)
    for file in (*inputs[0].files, *inputs[1].files):
        file.path.unlink()

    second = analyse(question_of(inputs, parameters=PARAMETERS), inputs, lake, asof, cache=cache)

    assert differences(told(first), told(second)) == []
    assert first.work["cache_hits"] == 0
    assert (second.work["cache_misses"], second.work["ticks"]) == (0, first.work["ticks"])


def test_hours_after_the_close_the_same_is_known_and_nothing_is_measured_again(run, market):
    close = market["NQ"].wanted.hours[-1].close

    then, later = run("NQ", asof=close), run("NQ", asof=close + timedelta(hours=3))

    changed = differences(told(then), told(later))
    assert {place.split("/")[3] for place in changed if place != "/asof"} == {"quality"}
    assert later.work["cache_misses"] == 0


def test_what_is_kept_changes_nothing_of_the_answer(run):
    assert differences(told(run("NQ", cache=None)), told(run("NQ"))) == []


@pytest.mark.parametrize("parameter", ["permutations", "seed", "horizons", "equity", "cost_ticks"])
def test_another_parameter_is_not_answered_with_what_was_kept_of_the_first(run, market_cache, parameter):
    other = {
        "permutations": 150, "seed": 2, "horizons": ("15m",), "equity": 5_000, "cost_ticks": 90
    }[parameter]  # fmt: skip
    parameters = Parameters.model_validate(PARAMETERS.model_dump() | {parameter: other})
    run("NQ")

    kept = run("NQ", parameters=parameters)

    assert differences(told(run("NQ", parameters=parameters, cache=None)), told(kept)) == []


def test_the_order_of_rows_lateness_and_tied_times_change_nothing_but_what_is_said_of_them(market, tmp_path):
    dice = np.random.default_rng(3)
    hours = market["NQ"].wanted.hours
    ordered = {day: late(tied(table), dice) for day, table in market["NQ"].tables.items()}
    sorted_lake, shuffled_lake = Lake(tmp_path / "sorted"), Lake(tmp_path / "shuffled")
    first = made_symbol(sorted_lake, "NQ", hours, ordered).wanted
    files = [
        put(shuffled_lake.ticks_file(day, "NQ"), table.take(pa.array(dice.permutation(len(table)))), in_order=False)
        for day, table in ordered.items()
    ]
    second = replace(first, files=tuple(files))

    one = analyse(question_of([first]), [first], sorted_lake, hours[-1].close)
    other = analyse(question_of([second]), [second], shuffled_lake, hours[-1].close)

    changed = {place for place in differences(told(one), told(other)) if "data_hash" not in place}
    assert "/symbols/NQ/quality/rules/out_of_order/value" in changed
    assert {place for place in changed if not place.startswith("/symbols/NQ/quality/")} == set()


def test_a_batch_that_was_written_twice_changes_no_price_and_no_finding(run, market, tmp_path):
    wanted, lake = market["NQ"].wanted, Lake(tmp_path)
    again = {day: pa.concat_tables([table, table.slice(50, 20)]) for day, table in market["NQ"].tables.items()}
    tables = {day: table.sort_by([("ts", "ascending"), ("seq", "ascending")]) for day, table in again.items()}
    twice = made_symbol(lake, "NQ", wanted.hours, tables).wanted

    one = run("NQ", kind="single")
    question = question_of([twice], kind="single", parameters=PARAMETERS)
    other = analyse(question, [twice], lake, wanted.hours[-1].close)

    changed = {place.split("/")[3] for place in differences(told(one)["symbols"], told(other)["symbols"], "/symbols")}
    assert changed == {"quality"}
    assert other.symbols["NQ"]["quality"]["rules"]["duplicates"]["value"] == 20 * len(tables)


def test_without_pandas_and_with_one_thread_it_says_the_same(market, market_lake, run):
    wanted = market["ES"].wanted
    question = question_of([wanted], parameters=PARAMETERS)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    alone = subprocess.run(
        [sys.executable, "-c", ALONE], input=pickle.dumps((market_lake.root, wanted, question)), cwd=ROOT,
        env=os.environ | threads | {"PYTHONPATH": str(ROOT)}, capture_output=True, check=True, timeout=90,
    )  # fmt: skip

    here = hashlib.sha256(json.dumps(told(run("ES")), allow_nan=False).encode()).hexdigest()
    assert alone.stdout.decode().strip() == here


def test_steps_are_told_before_they_are_done_and_whoever_listens_may_end_the_run(run):
    heard = []
    run("ES", "NQ", say=lambda stage, part: heard.append((stage, part)))

    def stop(stage, _part):
        if stage == "Prediction: NQ 5m":
            raise InterruptedError

    with pytest.raises(InterruptedError):
        run("ES", "NQ", say=stop)

    parts = [part for _, part in heard]
    assert heard[0] == ("Loading data: ES", 0.0)
    assert heard[-1][0] == "Portfolio"
    assert parts == sorted(parts)
    assert parts[-1] < 1
    assert len({stage.partition(":")[0] for stage, _ in heard}) == 6


def test_files_of_days_that_had_not_begun_are_not_named(run, market, market_lake):
    day = market["ES"].wanted.hours[4]
    grown = until(market["ES"].wanted, day)

    whole = run("ES", asof=day.close, kind="single")
    daily = analyse(question_of([grown], kind="single", parameters=PARAMETERS), [grown], market_lake, day.close)

    assert (whole.inputs["ES"]["files"], whole.inputs["ES"]["last_day"]) == (5, str(day.day))
    assert whole.inputs == daily.inputs


def tied(table):
    """The same ticks, every other one at the time of the one before it."""
    ts = table["ts"].cast(pa.int64()).to_numpy().copy()
    ts[1::2] = ts[:-1:2]
    return with_columns(table, {"ts": pa.array(ts).cast(table["ts"].type)})


def late(table, dice):
    """The same ticks, one of fifty received a minute after its time."""
    delays = np.where(dice.random(len(table)) < 0.02, 60_000_000, 0)
    moments = pa.array(table["ts"].cast(pa.int64()).to_numpy() + delays).cast(table["ts"].type)
    return with_columns(table, {"recv_ts": moments, "created_at": moments})


def told_to_fall_back():
    return PARAMETERS.model_copy(update={"fallback": True})


def two_days_with_bars(market, folder):
    lake = Lake(folder)
    tables = dict(list(market["ES"].tables.items())[:2])
    return with_bars(lake, made_symbol(lake, "ES", market["ES"].wanted.hours[:2], tables).wanted)


def check_document(found):
    plain = told(found)
    json.dumps(plain, allow_nan=False)
    for path, figure in figures(plain):
        assert figure.keys() >= FIGURE_KEYS, path
        assert isinstance(figure["n"], int), path
        assert figure["value"] is not None or figure["reason"], path
        assert figure["status"] != "insufficient_data" or figure["value"] is None, path
        if path[-1] == "confidence":
            assert figure["status"] == "ok" or figure["value"] == 0.5, path
    for symbol, one in found.recommended.items():
        tree = to_plain(found.symbols[symbol])
        if "recommendation" in tree:
            assert tree["recommendation"]["confidence"]["value"] == one.confidence
            assert tree["recommendation"]["action"] == one.action
            assert tree["recommendation"]["reason_code"] == one.reason_code
        assert (one.action == "HOLD") == bool(one.reason_code)
