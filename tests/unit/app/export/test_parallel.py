from threading import Barrier, Event

import pytest

from app.export.parallel import in_order, symbols_at_once


@pytest.mark.parametrize(("cores", "expected"), [(1, 1), (2, 1), (3, 1), (4, 2), (6, 3), (8, 4), (64, 4)])
def test_two_cores_are_busy_with_one_symbol(cores, expected):
    assert symbols_at_once(cores) == expected


def test_the_machines_cores_count_unless_told_otherwise():
    assert symbols_at_once() >= 1


@pytest.mark.parametrize("at_once", [1, 2, 3, 8])
def test_results_come_in_the_order_of_the_items(at_once):
    assert list(in_order(lambda item: item * 10, range(7), at_once)) == [0, 10, 20, 30, 40, 50, 60]


def test_so_many_are_under_way_at_a_time():
    together = Barrier(2, timeout=30)

    def meet(item):
        together.wait()
        return item

    assert list(in_order(meet, [1, 2, 3, 4], at_once=2)) == [1, 2, 3, 4]


def test_no_more_are_begun_than_results_are_taken():
    begun = []

    results = in_order(lambda item: begun.append(item) or item, range(100), at_once=2)
    next(results)
    results.close()

    assert len(begun) <= 3


@pytest.mark.parametrize("at_once", [1, 2])
def test_when_one_fails_those_under_way_end_and_no_other_is_begun(at_once):
    ended, failing = [], Event()

    def work(item):
        if item == 1:
            failing.set()
            raise ValueError("the disk")
        if item == 2:
            failing.wait(30)
        ended.append(item)
        return item

    results = in_order(work, range(50), at_once)
    assert next(results) == 0
    with pytest.raises(ValueError, match="the disk"):
        next(results)

    assert list(results) == []
    assert set(ended) <= {0, 2, 3}
