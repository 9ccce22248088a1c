from datetime import UTC, date, datetime, timedelta

import pytest

from app.analysis.inputs import BarFile, Terms
from app.analysis.question import Question
from app.export.bars import generate_bars
from app.instruments.models import ContractRoll
from app.jobs.inputs import find_inputs, sessions_per_year
from app.lake.layout import BARS, TICKS
from app.lake.manifest import find_file, forget_file
from app.market.sessions import Session as Hours
from tests.analyses import NOW
from tests.factories import DAY
from tests.hours import MARKETS
from tests.lake_days import export_quotes
from tests.ticks import OPEN, trade, write_ticks

START, END = date(2025, 10, 3), date(2025, 10, 14)


def test_sessions_are_those_of_the_symbols_calendar_that_had_begun(stores):
    (found,) = inputs(stores, "ES")

    days = [hours.day for hours in found.hours]
    assert days == [date(2025, 10, 3), *(date(2025, 10, day) for day in (6, 7, 8, 9))]


def test_the_regular_hours_are_those_of_stocks_as_far_as_the_session_reaches(stores):
    (found,) = inputs(stores, "ES")
    question = Question(symbols=("ZB",), start=date(2010, 12, 31), end=date(2010, 12, 31))

    with stores.sessions() as session:
        (bonds,) = find_inputs(session, stores, question, NOW)

    assert found.regular[0] == Hours(
        date(2025, 10, 3), datetime(2025, 10, 3, 13, 30, tzinfo=UTC), datetime(2025, 10, 3, 20, tzinfo=UTC)
    )
    assert [one.day for one in found.regular] == [one.day for one in found.hours]
    assert [one.close for one in bonds.regular] == [datetime(2010, 12, 31, 18, 15, tzinfo=UTC)]


def test_a_session_that_begins_at_the_instant_is_not_known(stores):
    (found,) = inputs(stores, "ES", asof=OPEN)

    assert found.hours[-1].day == date(2025, 10, 8)


def test_what_follows_is_the_next_two_sessions_of_the_calendar(stores):
    (found,) = inputs(stores, "ES", asof=datetime(2025, 11, 27, 23, 30, tzinfo=UTC), end=date(2025, 11, 27))

    assert [hours.day for hours in found.hours][-1] == date(2025, 11, 27)
    assert [hours.day for hours in found.following] == [date(2025, 11, 28), date(2025, 12, 1)]
    assert found.following[0].close == datetime(2025, 11, 28, 18, 15, tzinfo=UTC)


def test_a_session_whose_file_is_missing_is_a_hole(stores):
    export_quotes(stores.sessions, stores.lake, [trade(5, "6711", 1)])

    (found,) = inputs(stores, "ES")

    assert [file.day for file in found.files] == [DAY]
    assert len(found.hours) == 5


def test_what_was_recorded_of_a_file_wins_over_what_lies_there(stores):
    facts = export_quotes(stores.sessions, stores.lake, [trade(5, "6711", 1)])
    write_ticks(stores.lake, [trade(5, "6711", 1, symbol="NQ")])
    stores.lake.ticks_file(DAY, "ES").unlink()

    recorded, loose = inputs(stores, "ES", "NQ")

    assert (recorded.files[0].sha256, recorded.files[0].rows) == (facts.sha256, 1)
    assert recorded.files[0].path == stores.lake.ticks_file(DAY, "ES")
    assert (loose.files[0].sha256, loose.files[0].rows) == (None, None)


def test_one_minute_bars_are_told_where_they_are_recorded(stores):
    export_quotes(stores.sessions, stores.lake, [trade(5, "6711", 1)])
    (before,) = inputs(stores, "ES")
    generate_bars(stores.sessions, stores.lake, MARKETS, DAY, NOW)

    (found,) = inputs(stores, "ES")

    with stores.sessions() as session:
        row = find_file(session, BARS, DAY, "ES", "1m")
    assert before.files[0].bars is None
    assert found.files[0].bars == BarFile(stores.lake.bars_file(DAY, "ES", "1m"), row.sha256, 1)


def test_bars_alone_are_no_file_of_ticks(stores):
    export_quotes(stores.sessions, stores.lake, [trade(5, "6711", 1)])
    generate_bars(stores.sessions, stores.lake, MARKETS, DAY, NOW)
    with stores.sessions.begin() as session:
        forget_file(session, TICKS, DAY, "ES")
    stores.lake.ticks_file(DAY, "ES").unlink()

    assert inputs(stores, "ES")[0].files == ()


def test_terms_are_those_of_the_instrument_and_of_its_small_contract(stores):
    big, metal, unknown = (one.terms for one in inputs(stores, "ES", "SI", "ZZ"))

    assert big == Terms(0.25, 50.0, "USD", ("MES", 5.0))
    assert metal == Terms(0.005, 5000.0, "USD", None)
    assert unknown is None


def test_changes_of_the_contract_up_to_the_instant_are_told(stores):
    note_rolls(stores, NOW - timedelta(hours=1), NOW + timedelta(seconds=1))

    (found,) = inputs(stores, "ES")

    assert [one.first_ts for one in found.breaks] == [NOW - timedelta(hours=1)]


def test_a_range_without_a_session_has_nothing(stores):
    question = Question(symbols=("ES",), start=date(2025, 10, 4), end=date(2025, 10, 5))

    with stores.sessions() as session:
        (found,) = find_inputs(session, stores, question, NOW)

    assert (found.hours, found.files, found.breaks) == ((), (), ())


# From 2 January 2024 on there were 261 working days, without Good Friday and Christmas; 2023 had 260, without New Year
# and Christmas, as there was a half session on Good Friday.
@pytest.mark.parametrize(("day", "count"), [(date(2024, 12, 31), 259), (date(2023, 12, 31), 258)])
def test_sessions_of_a_year_are_counted_from_the_calendar(day, count):
    assert sessions_per_year(MARKETS.default, day) == count


def inputs(stores, *symbols, asof=NOW, end=END):
    question = Question(symbols=symbols, start=START, end=end)
    with stores.sessions() as session:
        return find_inputs(session, stores, question, asof)


def note_rolls(stores, *at):
    known = {"symbol": "ES", "source": "SCHWAB", "session_date": DAY, "noticed_at": NOW}
    contracts = ("ESU25", "ESZ25", "ESH26")
    with stores.sessions.begin() as session:
        begin = datetime(2025, 6, 1, tzinfo=UTC)
        session.add(ContractRoll(**known, number=1, kind="first", to_contract=contracts[0], first_ts=begin))
        session.flush()
        for place, instant in enumerate(at, start=1):
            names = {"from_contract": contracts[place - 1], "to_contract": contracts[place]}
            session.add(
                ContractRoll(**known, number=place + 1, kind="roll", **names, last_ts=instant, first_ts=instant)
            )
