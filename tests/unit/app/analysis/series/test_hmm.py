import numpy as np
import pytest
from hmmlearn.hmm import GaussianHMM as Oracle
from scipy.stats import norm

from app.analysis.series.hmm import filtered_probabilities, fit_hmm, log_likelihood
from tests.nulls.series import two_states


@pytest.mark.parametrize("states", [2, 3])
@pytest.mark.parametrize("free_means", [False, True])
def test_the_likelihood_is_that_of_another_implementation(states, free_means):
    model = fit_hmm(values(), states, 1, free_means=free_means)

    assert model.loglik == pytest.approx(oracle(model).score(values()[:, None]), abs=1e-8)


def test_em_reaches_what_another_implementation_reaches():
    other = Oracle(
        2, params="stmc", init_params="", covars_prior=0, means_prior=0, means_weight=1e12, n_iter=500, tol=1e-8
    )
    other.startprob_, other.transmat_ = np.array([0.5, 0.5]), np.array([[0.9, 0.1], [0.1, 0.9]])
    other.means_, other.covars_ = np.zeros((2, 1)), np.array([[1.0], [9.0]])
    other.fit(values()[:, None])

    ours = fit_hmm(values(), 2, 1, tolerance=1e-8, most_steps=2_000)

    assert ours.loglik == pytest.approx(other.score(values()[:, None]), abs=1e-3)


def test_with_free_means_too():
    shifted = np.concatenate((values()[:200] + 4, values()[200:]))
    other = Oracle(2, params="stmc", init_params="", covars_prior=0, n_iter=500, tol=1e-8)
    other.startprob_, other.transmat_ = np.array([0.5, 0.5]), np.array([[0.9, 0.1], [0.1, 0.9]])
    other.means_, other.covars_ = np.array([[0.0], [4.0]]), np.array([[4.0], [4.0]])
    other.fit(shifted[:, None])

    ours = fit_hmm(shifted, 2, 1, free_means=True, tolerance=1e-8, most_steps=2_000)

    assert ours.loglik == pytest.approx(other.score(shifted[:, None]), abs=1e-3)
    assert ours.means == pytest.approx(np.sort(other.means_[:, 0]), abs=1e-2)


def test_the_default_tolerance_is_as_good_as_a_tight_one():
    loose, tight = fit_hmm(values(), 2, 1), fit_hmm(values(), 2, 1, tolerance=1e-9, most_steps=3_000)

    assert 0 <= tight.loglik - loose.loglik < 0.05


def test_one_state_is_the_normal_distribution():
    model = fit_hmm(values(), 1, 1, free_means=True)

    assert model.loglik == pytest.approx(norm.logpdf(values(), values().mean(), values().std()).sum())
    assert model.bic == pytest.approx(-2 * model.loglik + 2 * np.log(len(values())))


@pytest.mark.parametrize(("states", "free_means", "free"), [(2, False, 5), (2, True, 7), (3, False, 11), (3, True, 14)])
def test_the_bic_counts_start_transitions_variances_and_free_means(states, free_means, free):
    model = fit_hmm(values(), states, 1, free_means=free_means)

    assert model.bic == pytest.approx(-2 * model.loglik + free * np.log(len(values())))


def test_planted_states_are_found_again():
    model = fit_hmm(two_states(np.random.default_rng(11), 4_000)[0], 2, 1)

    assert np.sqrt(model.variances) == pytest.approx([1.0, 2.5], rel=0.1)
    assert model.transition.diagonal() == pytest.approx([0.98, 0.98], abs=0.01)


def test_states_are_in_the_order_of_variance_or_of_free_means():
    assert (np.diff(fit_hmm(values(), 3, 1).variances) > 0).all()
    assert (np.diff(fit_hmm(values(), 3, 1, free_means=True).means) > 0).all()


def test_filtered_probabilities_are_bayes_rule_step_by_step():
    model = fit_hmm(values(), 2, 1)
    first = model.start * norm.pdf(values()[0], 0, np.sqrt(model.variances))
    first /= first.sum()
    second = (first @ model.transition) * norm.pdf(values()[1], 0, np.sqrt(model.variances))

    found = filtered_probabilities(model, values())

    assert found[:2] == pytest.approx(np.array([first, second / second.sum()]), abs=1e-12)
    assert found.sum(axis=1) == pytest.approx(np.ones(len(found)))


def test_the_last_filtered_state_is_the_last_smoothed_one():
    model = fit_hmm(values(), 3, 1)

    assert filtered_probabilities(model, values())[-1] == pytest.approx(
        oracle(model).predict_proba(values()[:, None])[-1]
    )


def test_the_future_changes_no_filtered_state_and_does_change_smoothed_ones():
    model = fit_hmm(values()[:300], 2, 1)
    other = values().copy()
    other[300:] = 3 * other[300:][::-1]

    before, after = filtered_probabilities(model, values()), filtered_probabilities(model, other)
    smoothed = [oracle(model).predict_proba(one[:, None])[:300] for one in (values(), other)]

    assert np.array_equal(before[:300], after[:300])
    assert np.array_equal(before[:300], filtered_probabilities(model, values()[:300]))
    assert np.abs(smoothed[0] - smoothed[1]).max() > 0.01


def test_the_same_seed_gives_the_same_bits_and_another_one_the_same_maximum():
    first, second, other = (fit_hmm(values(), 2, seed) for seed in (5, 5, 6))

    assert first.transition.tobytes() == second.transition.tobytes()
    assert first.loglik == second.loglik
    assert other.loglik == pytest.approx(first.loglik, abs=0.05)


def test_the_scale_of_the_observations_does_not_matter():
    plain, small = fit_hmm(values(), 2, 1), fit_hmm(values() * 1e-5, 2, 1)

    assert small.transition == pytest.approx(plain.transition, abs=1e-9)
    assert small.loglik == pytest.approx(plain.loglik + len(values()) * np.log(1e5))


def test_a_state_of_equal_values_keeps_a_variance():
    still = np.concatenate((np.zeros(200), values()[:200]))

    model = fit_hmm(still, 2, 1)

    assert model.variances[0] == pytest.approx(1e-3 * np.mean(still**2))
    assert np.isfinite(model.loglik)


@pytest.mark.parametrize("bad", [np.ones(3), np.array([1.0, np.nan] * 10), np.zeros(50)])
def test_what_cannot_be_fitted_is_refused(bad):
    with pytest.raises(ValueError, match="cannot be fitted"):
        fit_hmm(bad, 2, 1)


def test_the_likelihood_is_of_the_given_observations():
    model = fit_hmm(values(), 2, 1)

    assert log_likelihood(model, values()[:50]) == pytest.approx(oracle(model).score(values()[:50, None]))


def values():
    return two_states(np.random.default_rng(3), 529)[0]


def oracle(model):
    other = Oracle(model.states)
    other.startprob_, other.transmat_ = model.start, model.transition
    other.means_, other.covars_ = model.means[:, None], model.variances[:, None]
    return other
