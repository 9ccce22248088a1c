import ast
import re

import numpy as np
import pytest

from app.analysis.engine import analyse
from app.analysis.findings import Basis, figures, to_plain
from app.analysis.portfolio.correlation import BARS_PER_SYMBOL, MINIMUM_BARS
from app.analysis.portfolio.synchrony import TIMEFRAME
from app.analysis.prediction.predicting import LEAST_SCORED, LEAST_USABLE
from app.analysis.prediction.scoring import score
from app.analysis.risk.backtesting import MINIMUM_FORECASTS
from app.analysis.risk.value_at_risk import MINIMUM, START
from app.analysis.series import diurnal, intervals, point, regime, seasonality
from app.analysis.series.regime import detect_regime
from app.analysis.series.seasonality import measure_seasonality
from app.analysis.single import candles, levels, placebos, trend, volatility
from app.lake.layout import Lake
from tests.documentation import document, section_of, sections, table
from tests.nulls.engine import made_market, question_of
from tests.nulls.paths import diurnal as time_of_day
from tests.nulls.paths import prices, symbol_data
from tests.nulls.series import two_states
from tests.tree import ROOT
from tests.unit.app.analysis.prediction.made import ASOF, scored_of

TEXT = document("methods.md")
WORDS = " ".join(TEXT.split())
SCORES = "How predictions are scored"
TABLES = {name: table(body, "| figure |") for name, body in sections(TEXT).items()}
NAMED = [name for rows in TABLES.values() for row in rows for name in re.findall(r"`([^`]+)`", row[0])]
TESTS = re.findall(r"`([a-z_]+/test_\w+\.py)::(test_\w+)`", TEXT)
SCORED = [name for row in TABLES["how-predictions-are-scored"] for name in re.findall(r"`([^`]+)`", row[0])]
OF_RESULTS = [name for name in NAMED if name not in SCORED]


def test_every_figure_of_a_result_has_a_row(reported):
    assert sorted(path for path in reported if len(rows_about(path, OF_RESULTS)) != 1) == []


def test_every_row_is_about_figures_that_there_are(reported):
    assert [name for name in OF_RESULTS if not any(rows_about(path, [name]) for path in reported)] == []


def test_every_figure_of_a_score_has_a_row_and_no_other_is_told():
    found = paths_of(score(scored_of(400), Basis("predictions of ES", ASOF)))

    assert [path for path in found if len(rows_about(path, SCORED)) != 1] == []
    assert [name for name in SCORED if not any(rows_about(path, [name]) for path in found)] == []


def test_no_figure_is_told_twice():
    assert len(NAMED) == len(set(NAMED))


@pytest.mark.parametrize(("module", "name"), sorted(set(TESTS)))
def test_a_test_of_the_document_is_there(module, name):
    tree = ast.parse((ROOT / "tests/unit/app/analysis" / module).read_text())

    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_row_tells_how_and_by_what_it_is_compared():
    rows = [row for rows in TABLES.values() for row in rows]

    assert len(rows) > 60
    assert [row for row in rows if not row[1] or not row[-1]] == []


@pytest.mark.parametrize(
    ("place", "words", "figures"),
    [
        ("Volatility", "realised` | root of the sum of squared 5-minute returns and the squared gap | {} sessions",
         [volatility.LEAST_SESSIONS]),
        ("Volatility", "from high and low | {} sessions", [volatility.LEAST_RANGES]),
        ("Volatility", "Low up to 0.2 | {} sessions", [volatility.LEAST_PAST]),
        ("Trend", "over its HAC error | {} returns", [trend.LEAST_RETURNS]),
        ("Trend", "absolute changes | {} changes", [trend.LEAST_CHANGES]),
        ("Trend", "| {} times q returns", [trend.LEAST_PERIODS]),
        ("Levels", "Wilson interval | {} sessions, {} touches", [levels.LEAST_SESSIONS, placebos.LEAST_TOUCHES]),
        ("Levels", "the same, {} random levels", [placebos.LEAST_RANDOM]),
        ("Candles", "by their sign | {} bars", [candles.LEAST_BARS]),
        ("Regime", "{} hours, or {} sessions", [regime.LEAST_HOURS, regime.LEAST_SESSIONS]),
        ("Seasons", "rate of 10 % | {} sessions", [seasonality.LEAST_SESSIONS]),
        ("Seasons", "the same by weekday | {} sessions", [seasonality.LEAST_FOR_WEEKDAYS]),
        ("Seasons", "over that of all | {} sessions", [diurnal.LEAST_SESSIONS]),
        ("Forecast", "{} returns, {} filtered ones", [intervals.LEAST_RETURNS, intervals.LEAST_RESIDUALS]),
        ("Forecast", "beats the random walk | {} returns", [point.LEAST_RETURNS]),
        ("Prediction", "{} bars with features, {} predictions out of sample", [LEAST_USABLE, LEAST_SCORED]),
        ("Risk", "{} returns to begin, then {} (95 %) or {} (99 %)", [START, *MINIMUM.values()]),
        ("Risk", "what was promised | {} forecasts", [MINIMUM_FORECASTS]),
        ("All symbols", "{} common bars, {} for each symbol", [MINIMUM_BARS, BARS_PER_SYMBOL]),
        ("All symbols", "{}-minute returns where both traded", [TIMEFRAME.removesuffix("m")]),
    ],
)  # fmt: skip
def test_what_a_figure_needs_is_what_the_code_asks_for(place, words, figures):
    assert words.format(*figures) in " ".join(section_of(TEXT, place).split())


def rows_about(path, names):
    return [name for name in names if re.fullmatch(re.escape(name).replace(r"\*", r"[^.]+"), path)]


def paths_of(tree):
    return [".".join(path) for path, _ in figures(to_plain(tree))]


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """The places of all figures: of a made market, and of what needs a longer one."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    inputs = [one.wanted for one in made_market(lake)]
    found = analyse(question_of(inputs), inputs, lake, inputs[0].hours[-1].close)
    dice = np.random.default_rng(7)
    hours = two_states(dice, 529)[0] * np.tile(time_of_day(23), 23) * 1e-3
    longer = {
        "regime": detect_regime(symbol_data(prices(hours, tick=None), "1h"), 1),
        "seasonality": {
            **measure_seasonality(symbol_data(prices(dice.standard_normal(262) / 100), "session")),
            "half_hours": measure_seasonality(symbol_data(prices(dice.standard_normal(92 * 80) / 1000), "15m"))[
                "half_hours"
            ],
        },
    }
    places = {path for tree in (*found.symbols.values(), longer) for path in paths_of(tree)}
    return places | {f"portfolio.{path}" for path in paths_of(found.portfolio)}
