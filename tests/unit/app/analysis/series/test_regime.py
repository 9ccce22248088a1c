from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from statsmodels.stats.diagnostic import acorr_ljungbox

from app.analysis.findings import figures, to_plain
from app.analysis.series.regime import detect_regime, find_regimes, ljung_box
from tests.nulls.paths import diurnal, prices, symbol_data
from tests.nulls.series import two_states


def test_the_dependence_is_that_of_another_implementation():
    values = np.random.default_rng(1).standard_normal(300).cumsum() ** 2
    values = np.abs(np.diff(values))
    expected = acorr_ljungbox(values, lags=[10])

    assert ljung_box(values, 10) == pytest.approx((expected["lb_stat"].iloc[0], expected["lb_pvalue"].iloc[0]))


def test_values_that_do_not_vary_do_not_depend():
    assert ljung_box(np.ones(50), 10) == (0.0, 1.0)


def test_the_state_at_the_end_is_told_with_its_probability():
    returns, states = planted(7)

    told = detect_regime(hourly(returns), 1)

    assert told["regimes"].value == 2
    assert told["state"].value == ("calm", "turbulent")[states[-1]]
    assert told["probability"].value == max(one.value for one in told["probabilities"].values())
    assert sum(one.value for one in told["probabilities"].values()) == pytest.approx(1)
    assert told["volatility"]["turbulent"].value / told["volatility"]["calm"].value == pytest.approx(2.5, rel=0.2)
    assert 15 < told["duration"].value < 200
    assert told["duration"].unit == "hours"
    assert told["regimes"].n == 529


def test_both_states_are_told_when_they_are_there():
    returns, states = planted(7)
    changes = np.flatnonzero(np.diff(states)) + 1
    for end in (changes[-1], changes[-1] - 1 + 20):
        seen = min(int(end), len(returns))
        seen -= seen % 23
        if seen >= 500:
            told = detect_regime(hourly(returns[:seen]), 1)
            assert told["state"].value == ("calm", "turbulent")[states[seen - 1]]


def test_a_single_regime_has_no_state_and_says_why():
    noise = np.random.default_rng(1).standard_normal(529)

    told = detect_regime(hourly(noise), 1)

    assert told["regimes"].value == 1
    assert told["regimes"].label == "single regime"
    assert told["regimes"].status == "not_significant"
    assert told["dependence"].p_value > 0.01
    assert told["state"].value is None
    assert told["probability"].status == "not_significant"
    assert "does not depend" in told["state"].reason


def test_states_that_do_not_last_are_not_reported():
    dice, states = np.random.default_rng(2), [0]
    for _ in range(1_499):
        states.append(int(dice.random() < (0.1, 0.5)[states[-1]]))
    values = np.where(states, 4.0, 1.0) * dice.standard_normal(1_500)

    found = find_regimes(values, 1)

    assert found.dependence[1] < 0.01
    assert found.models[1].bic < found.models[0].bic - 10
    assert found.chosen is None
    assert found.why == "the states that describe it better do not last"


def test_dependence_that_states_do_not_describe_is_no_regime():
    # Sizes alternate: they depend on each other and have two levels, neither of which lasts.
    values = np.random.default_rng(3).choice([-1.0, 1.0], 600) * np.tile([1.0, 1.3], 300)

    found = find_regimes(values, 1)

    assert found.dependence[1] < 0.01
    assert found.chosen is None


def test_states_that_describe_it_only_a_little_better_are_no_regimes():
    waves = 1 + 0.3 * np.sin(np.arange(600) * 2 * np.pi / 200)

    found = find_regimes(np.random.default_rng(8).standard_normal(600) * waves, 1)

    assert found.dependence[1] < 0.01
    assert -10 < found.models[1].bic - found.models[0].bic < 0
    assert found.models[1].transition.diagonal().min() > 0.9
    assert found.chosen is None
    assert found.why == "more states do not describe it better"


def test_of_many_hours_the_newest_tell_the_state():
    returns, states = two_states(np.random.default_rng(9), 2_300)
    assert states[-1] != states[1_999]

    told = detect_regime(hourly(returns), 1)

    assert told["regimes"].n == 2_000
    assert told["state"].value == ("calm", "turbulent")[states[-1]]


def test_499_hours_are_too_few():
    returns, _ = planted(7)
    data = hourly(returns)
    short = replace(data, bars={"1h": data.frame("1h").tail(499)})

    told = detect_regime(short, 1)

    assert told["regimes"].status == "insufficient_data"
    assert told["regimes"].reason == "499 hourly returns and 0 full sessions, 500 or 250 needed"
    assert told["state"].status == "insufficient_data"
    assert detect_regime(replace(data, bars={"1h": data.frame("1h").tail(500)}), 1)["regimes"].value == 2


def test_without_hours_a_year_of_sessions_is_enough():
    dice, per_session = np.random.default_rng(4), 276
    calm = np.repeat((np.arange(260) // 65) % 2, per_session)
    noise = dice.standard_normal(len(calm)) * np.where(calm == 1, 2.0, 1.0) * 5e-4
    data = symbol_data(prices(noise, tick=None), "5m")
    # The second session lacks a quarter of its bars.
    fives = data.frame("5m").filter(~pl.int_range(pl.len()).is_between(276, 276 + 68))

    told = detect_regime(replace(data, bars={"5m": fives, "session": data.frame("session")}), 1)

    assert told["regimes"].value == 2
    assert told["regimes"].n == 259
    assert told["duration"].unit == "sessions"
    assert told["state"].value == "turbulent"
    assert told["volatility"]["turbulent"].value / told["volatility"]["calm"].value == pytest.approx(2.0, rel=0.05)


def test_the_session_that_still_runs_is_no_observation_however_much_of_it_is_over():
    noise = np.random.default_rng(4).standard_normal(251 * 276) * 5e-4
    whole = symbol_data(prices(noise, tick=None), "5m")
    running = replace(whole, asof=whole.hours[-1].close - timedelta(minutes=30))
    fives = whole.frame("5m").filter(pl.col("t_close") <= running.asof)

    told = detect_regime(replace(running, bars={"5m": fives}), 1)

    assert told["regimes"].n == 250


def test_a_price_that_never_moved_has_no_regime():
    told = detect_regime(symbol_data(np.full(529, 100.0), "1h"), 1)

    assert told["regimes"].status == "insufficient_data"
    assert told["regimes"].reason == "the 529 hourly returns without the time of day do not vary"


def test_a_roll_is_no_turbulence():
    returns, _ = planted(7)
    data = hourly(returns)
    rolled = (
        data.frame("1h")
        .with_row_index("row")
        .with_columns(
            segment=(pl.col("row") >= 299).cast(pl.Int32),
            **{
                name: pl.when(pl.col("row") >= 299).then(pl.col(name) * 1.2).otherwise(pl.col(name))
                for name in ("open", "close")
            },
        )
    )

    told = detect_regime(replace(data, bars={"1h": rolled.drop("row")}), 1)

    assert told["regimes"].n == 529
    plain = detect_regime(data, 1)
    assert told["volatility"]["turbulent"].value == pytest.approx(plain["volatility"]["turbulent"].value, rel=0.02)


@pytest.mark.parametrize("sessions", [1, 22, 60])
def test_every_figure_is_plain_whatever_there_is(sessions):
    noise = np.random.default_rng(1).standard_normal(sessions * 23)

    assert len(list(figures(to_plain(detect_regime(hourly(noise), 1))))) >= 4


def test_the_same_data_and_seed_give_the_same_figures():
    returns, _ = planted(7)

    assert to_plain(detect_regime(hourly(returns), 5)) == to_plain(detect_regime(hourly(returns), 5))


def planted(seed):
    return two_states(np.random.default_rng(seed), 529)


def hourly(returns):
    """Sizes of returns in units of .1 %, with the made market's time of day."""
    clock = np.tile(diurnal(23), -(-len(returns) // 23))[: len(returns)]
    return symbol_data(prices(returns * clock * 1e-3, tick=None), "1h")
