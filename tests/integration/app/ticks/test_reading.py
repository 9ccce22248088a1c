from io import BytesIO

from app.ticks.reading import copy_ticks
from app.ticks.slices import TickKey, TickSlice
from tests.factories import DAY, MOMENT, quote
from tests.ticks import store_quotes

NUMBERS = (5, 2, 7, 4, 1, 6, 3)


def test_pages_are_in_the_order_of_events_whatever_the_order_of_storing(sessions):
    # Neither the order of storing nor that of the index, which has the source before the number.
    store_quotes(sessions, [quote(seq=seq, source=source_of(seq)) for seq in NUMBERS])
    pages, after = [], None

    with sessions() as session:
        while not pages or pages[-1]:
            target = BytesIO()
            copy_ticks(session, DAY, "ES", target, TickSlice(after=after, limit=3, columns=("seq",)))
            pages.append([int(line) for line in target.getvalue().split()])
            after = TickKey(MOMENT, pages[-1][-1], source_of(pages[-1][-1])) if pages[-1] else None

    assert pages == [[1, 2, 3], [4, 5, 6], [7], []]


def source_of(seq):
    return "SCHWAB" if seq % 2 else "REPLAY"
