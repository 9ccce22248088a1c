import numpy as np

from app.analysis.prediction.degradation import degradation
from app.analysis.prediction.scored import Scored
from tests.unit.app.analysis.prediction.made import scored_of


def test_predictions_that_mean_what_they_say_are_not_degraded():
    alarms = [degradation(scored_of(1_000, seed=seed)).degraded for seed in range(40)]

    assert sum(alarms) == 0


def test_on_predictions_as_good_as_the_base_rate_a_false_alarm_is_rare():
    alarms = [degradation(scored_of(600, seed=seed, slope=0.2, boast=0.4)) for seed in range(200)]

    assert np.mean([found.degraded for found in alarms]) <= 0.10
    assert np.mean([found.alarm for found in alarms]) <= 0.02


def test_predictions_that_turn_against_the_market_are_noticed_soon():
    found = degradation(joined(scored_of(400), scored_of(60, seed=2, slope=-1.0)))

    assert found.degraded
    assert found.alarm


def test_a_slow_loss_is_noticed_over_two_hundred():
    found = degradation(scored_of(600, seed=7, slope=0.0, boast=1.0))

    assert found.degraded
    assert found.bss < 0
    assert found.p_value < 0.05


def test_only_predictions_that_said_something_are_watched():
    rows = scored_of(300, slope=-1.0)
    rows.p[:280] = rows.base[:280]

    assert degradation(rows).n == 20
    assert not degradation(rows).degraded


def test_what_has_recovered_comes_back_however_bad_it_had_been():
    bad, good = scored_of(150, seed=3, slope=-2.0), scored_of(40, seed=4, slope=2.0)

    found = [degradation(joined(bad, first(good, rows))) for rows in (0, 1, 40)]

    assert [one.degraded for one in found] == [True, True, False]
    assert not found[2].alarm


def test_an_alarm_stays_on_until_the_sum_is_back_at_nothing():
    # Gains of one size: the deviation of the sum's steps is that of a coin.
    def told(*outcomes):
        n = len(outcomes)
        return Scored(np.full(n, 0.6), np.full(n, 0.5), np.array(outcomes, float), *(np.full(n, np.nan),) * 3)

    bad = [0] * 40
    states = [degradation(told(*bad, *[1] * more)) for more in range(1, 20)]

    falling = [one for one in states if 0 < one.cusum < one.limit]
    assert falling
    assert all(one.alarm for one in falling)
    assert not states[-1].alarm


def joined(before, after):
    pairs = zip(parts(before), parts(after), strict=True)
    return Scored(*(np.concatenate(pair) for pair in pairs))


def first(rows, count):
    return Scored(*(part[:count] for part in parts(rows)))


def parts(rows):
    return rows.p, rows.base, rows.outcomes, rows.low, rows.high, rows.price
