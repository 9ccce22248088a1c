from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.ledger.numbers import Stretch, common_count, few, singles, without

stretches = st.builds(lambda first, length: Stretch(first, first + length), st.integers(0, 60), st.integers(0, 9))


@given(stretches, st.lists(stretches, max_size=8))
def test_what_is_left_is_what_was_not_taken(whole, taken):
    gone = {number for stretch in taken for number in numbers(stretch)}

    left = without(whole, taken)

    assert [number for stretch in left for number in numbers(stretch)] == sorted(set(numbers(whole)) - gone)
    assert all(later.first > earlier.last + 1 for earlier, later in pairwise(left))


@given(st.lists(stretches, max_size=8), stretches)
def test_common_numbers_are_counted_by_stretch(some, other):
    expected = sum(len(set(numbers(stretch)) & set(numbers(other))) for stretch in some)

    assert common_count(some, other) == expected


@given(st.sets(st.integers(0, 300), min_size=1, max_size=40), st.integers(1, 10))
def test_few_stretches_hold_all_the_numbers_of_many(chosen, limit):
    many = without(Stretch(0, 300), singles(set(range(301)) - chosen))

    joined = few(many, limit)

    assert len(joined) <= limit
    assert sum(common_count([stretch], joined_one) for stretch in many for joined_one in joined) == len(chosen)


def test_few_enough_stretches_stay_as_they_are():
    some = [Stretch(1, 2), Stretch(4, 5)]

    assert few(some, 2) == some


def numbers(stretch):
    return range(stretch.first, stretch.last + 1)
