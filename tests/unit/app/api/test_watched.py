import threading

import pytest
from sqlalchemy.exc import OperationalError

from app.api.watched import Watchlist
from app.errors import Unavailable


def test_the_list_is_read_once_while_it_is_fresh():
    source = Source(["ES", "NQ"])
    watchlist = Watchlist(source)

    assert [watchlist.symbols(), watchlist.symbols()] == [["ES", "NQ"]] * 2
    assert source.reads == 1


def test_a_list_that_is_no_longer_fresh_is_read_again():
    source = Source(["ES"])
    watchlist = Watchlist(source, kept_s=0)
    watchlist.symbols()

    source.symbols = ["NQ"]

    assert watchlist.symbols() == ["NQ"]


@pytest.mark.parametrize("error", [OperationalError("SELECT", {}, Exception("gone")), Unavailable("away")])
def test_the_last_known_list_stands_in_while_the_database_is_away(error):
    source = Source(["ES"])
    watchlist = Watchlist(source, kept_s=0)
    watchlist.symbols()

    source.error = error

    assert watchlist.symbols() == ["ES"]


def test_the_database_s_error_comes_through_when_no_list_is_known():
    source = Source([])
    source.error = Unavailable("away")

    with pytest.raises(Unavailable):
        Watchlist(source).symbols()


def test_nobody_waits_for_a_reader_that_hangs_once_a_list_is_known():
    source = Source(["ES"])
    watchlist = Watchlist(source, kept_s=0)
    watchlist.symbols()
    with source.hanging():
        reader = threading.Thread(target=watchlist.symbols)
        reader.start()
        source.is_reading.wait()

        assert watchlist.symbols() == ["ES"]
    reader.join()


def test_without_a_list_those_who_wait_for_a_reader_that_hangs_are_told_to_try_again():
    source = Source(["ES"])
    watchlist = Watchlist(source, wait_s=0.01)
    with source.hanging():
        reader = threading.Thread(target=watchlist.symbols)
        reader.start()
        source.is_reading.wait()

        with pytest.raises(Unavailable):
            watchlist.symbols()
    reader.join()


def test_a_changed_list_is_read_at_once():
    source = Source(["ES"])
    watchlist = Watchlist(source)
    watchlist.symbols()

    source.symbols = ["NQ"]
    watchlist.renew()

    assert watchlist.symbols() == ["NQ"]
    assert source.reads == 2


def test_who_began_to_read_before_the_change_does_not_bring_the_old_list_back():
    source = Source(["ES"])
    watchlist = Watchlist(source)
    with source.hanging():
        reader = threading.Thread(target=watchlist.symbols)
        reader.start()
        source.is_reading.wait()
        renewal = threading.Thread(target=watchlist.renew)
        renewal.start()
        source.later = ["NQ"]
    reader.join()
    renewal.join()

    assert watchlist.symbols() == ["NQ"]


@pytest.mark.parametrize("error", [OperationalError("SELECT", {}, Exception("gone")), Unavailable("away")])
def test_a_changed_list_that_cannot_be_read_is_read_when_somebody_asks(error):
    source = Source(["ES"])
    watchlist = Watchlist(source)
    watchlist.symbols()
    source.symbols, source.error = ["NQ"], error

    watchlist.renew()
    source.error = None

    assert watchlist.symbols() == ["NQ"]


def test_a_change_does_not_wait_for_a_reader_that_hangs_and_is_read_afterwards():
    source = Source(["ES"])
    watchlist = Watchlist(source, wait_s=0.01)
    with source.hanging():
        reader = threading.Thread(target=watchlist.symbols)
        reader.start()
        source.is_reading.wait()
        watchlist.renew()
    reader.join()
    source.symbols = ["NQ"]

    assert watchlist.symbols() == ["NQ"]


class Source:
    def __init__(self, symbols):
        self.symbols = symbols
        self.later = None
        self.reads = 0
        self.error = None
        self.is_reading = threading.Event()
        self._may_go_on = threading.Event()
        self._may_go_on.set()

    def __call__(self):
        self.reads += 1
        # As a statement in the database, a reading finds what there was when it began.
        found = self.symbols
        self.is_reading.set()
        self._may_go_on.wait()
        if self.error:
            raise self.error
        self.symbols = self.later or self.symbols
        return found

    def hanging(self):
        self.is_reading.clear()
        self._may_go_on.clear()
        return _Release(self._may_go_on)


class _Release:
    def __init__(self, flag):
        self._flag = flag

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._flag.set()
