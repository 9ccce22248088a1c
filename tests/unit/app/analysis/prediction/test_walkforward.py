import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from app.analysis.prediction.walkforward import Block, blocks, walk_forward


def test_every_block_is_predicted_by_a_model_of_the_rows_before_it():
    features, outcomes, places = sample(500)

    walked = walk_forward(features, outcomes, places, first=250, step=100, penalty=10.0)

    expected = np.concatenate(
        [oracle(features, outcomes, start - 1, start, min(start + 100, 500)) for start in (250, 350, 450)]
    )
    assert list(walked.rows) == list(range(250, 500))
    assert walked.logits == pytest.approx(expected, abs=1e-5)
    assert walked.n_train == 449


def test_rows_without_an_outcome_are_predicted_and_not_learned_from():
    features, outcomes, places = sample(400)
    outcomes[::7] = np.nan

    walked = walk_forward(features, outcomes, places, first=300, step=100, penalty=10.0)

    assert list(walked.rows) == list(range(300, 400))
    assert walked.n_train == 299 - 43
    assert walked.logits == pytest.approx(oracle(features, outcomes, 299, 300, 400), abs=1e-5)


@pytest.mark.parametrize(("place", "matters"), [(298, True), (299, False), (300, False)])
def test_purge_and_embargo_keep_the_rows_before_a_block_out(place, matters):
    features, outcomes, places = sample(400)
    other = outcomes.copy()
    other[place] = 1 - other[place]

    one, two = (walk_forward(features, y, places, first=300, step=100).logits for y in (outcomes, other))

    assert (not np.array_equal(one, two)) is matters


def test_a_longer_horizon_keeps_more_out():
    found = list(blocks(np.arange(0, 20, 2), 5, 3, 2 * 2))

    assert found == [Block(5, 8, 4), Block(8, 10, 7)]


def test_with_too_few_rows_nothing_is_predicted():
    features, outcomes, places = sample(200)

    walked = walk_forward(features, outcomes, places)

    assert (len(walked.rows), len(walked.logits), walked.n_train) == (0, 0, 0)


def test_outcomes_of_one_kind_give_the_share_and_no_more():
    features, _, places = sample(300)

    walked = walk_forward(features, np.ones(300), places, first=250)

    assert walked.logits == pytest.approx(np.full(50, np.log(250 / 1)))


def test_a_feature_that_never_moves_does_no_harm():
    features, outcomes, places = sample(400)
    still = np.column_stack((features, np.full(400, 7.3)))

    one, two = (walk_forward(x, outcomes, places, first=300).logits for x in (features, still))

    assert two == pytest.approx(one, abs=1e-9)


def oracle(features, outcomes, known, start, stop):
    learned = np.flatnonzero(np.isfinite(outcomes[:known]))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, tol=1e-12, max_iter=1_000))
    return model.fit(features[learned], outcomes[learned]).decision_function(features[start:stop])


def sample(rows):
    dice = np.random.default_rng(8)
    features = dice.normal(3.0, 2.0, size=(rows, 3))
    outcomes = (dice.random(rows) < 1 / (1 + np.exp(-0.6 * (features[:, 0] - 3)))).astype(float)
    return features, outcomes, np.arange(rows)
