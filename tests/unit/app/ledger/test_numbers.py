from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.ledger.numbers import Holes, Stretch, few, sides_of, singles, without

stretches = st.builds(lambda first, length: Stretch(first, first + length), st.integers(0, 60), st.integers(0, 9))


@given(stretches, st.lists(stretches, max_size=8))
def test_what_is_left_is_what_was_not_taken(whole, taken):
    gone = {number for stretch in taken for number in numbers(stretch)}

    left = without(whole, taken)

    assert [number for stretch in left for number in numbers(stretch)] == sorted(set(numbers(whole)) - gone)
    assert all(later.first > earlier.last + 1 for earlier, later in pairwise(left))


@given(st.sets(st.integers(0, 60), max_size=40), stretches)
def test_missing_numbers_are_counted_within_any_stretch(missing, other):
    assert Holes(apart(missing)).within(other) == len(missing & set(numbers(other)))


@given(st.sets(st.integers(0, 60), max_size=40), st.lists(stretches, max_size=8))
def test_missing_numbers_outside_of_others_are_found(missing, others):
    known = {number for stretch in others for number in numbers(stretch)}

    assert Holes(apart(missing)).outside(others) == apart(missing - known)


@given(st.sets(st.integers(0, 60), max_size=40), stretches)
def test_the_sides_of_a_stretch_are_the_nearest_stored_numbers(stored, stretch):
    below = max((number for number in stored if number < stretch.first), default=None)
    above = min((number for number in stored if number > stretch.last), default=None)

    assert sides_of(stretch, singles(sorted(stored))) == (below, above)


@given(st.sets(st.integers(0, 300), min_size=1, max_size=40), st.integers(1, 10))
def test_few_stretches_hold_all_the_numbers_of_many(chosen, limit):
    many = apart(chosen)

    joined = few(many, limit)

    assert len(joined) <= limit
    assert sum(Holes(many).within(stretch) for stretch in joined) == len(chosen)


def test_few_enough_stretches_stay_as_they_are():
    some = [Stretch(1, 2), Stretch(4, 5)]

    assert few(some, 2) == some


def apart(chosen):
    return without(Stretch(-1, 301), singles(set(range(-1, 302)) - chosen))


def numbers(stretch):
    return range(stretch.first, stretch.last + 1)
