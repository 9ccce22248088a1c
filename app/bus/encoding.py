"""Events as arguments of the publish script, each with only what sets it apart from the others of its kind."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

import hiredis

from app.bus.published import count_name, number_name
from app.errors import Rejected
from app.quotes import PRICE_FIELDS, SIZE_FIELDS, UNNUMBERED, Quote, counter_of, epoch_of, to_fields

# Where `to_fields` puts what is needed here.
SYMBOL: Final = 1
SOURCE: Final = 3
SEQ: Final = 5
TS: Final = 7
DAY: Final = 11
# What differs from event to event; all else is said once for all events that have it in common.
_VARYING: Final = frozenset({"seq", "ts", "recv_ts", "trade", *PRICE_FIELDS, *SIZE_FIELDS})

Event = list[str]
_Rank = tuple[str, int, str]


@dataclass(frozen=True)
class Batch:
    """Events of one source in their wire form, ready to be published; batches of the same events are equal.

    `counts` has how many they are by `<session_date>|<symbol>`, `numbers` their last number's counter by
    `<session_date>#<epoch>`, `symbols` those whose newest quote they change, and `packed` the script's own arguments in
    Redis' protocol, `arguments` of them.
    """

    source: str
    packed: bytes
    arguments: int
    symbols: Sequence[str] = field(compare=False)
    counts: Mapping[str, int] = field(compare=False)
    numbers: Mapping[str, int] = field(compare=False)
    events: Sequence[Event] = field(compare=False, repr=False)


class _Shape(NamedTuple):
    fixed: Callable[[Event], tuple[str, ...]]
    varying: Callable[[Event], tuple[str, ...]]
    slots: tuple[int, ...]  # Where the varying words belong, counted from 1.


def encode(quotes: Sequence[Quote]) -> Batch:
    """A batch of quotes; Rejected when one is malformed, when there are none, or when they are of several sources."""
    return encode_events([to_fields(quote) for quote in quotes])


def encode_events(events: Sequence[Event]) -> Batch:
    """A batch of events that `to_fields` wrote; Rejected when there are none, or when they are of several sources."""
    layouts: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
    examples: list[Event] = []
    placed: list[str] = []
    words: list[str] = []
    for event in events:
        names = tuple(event[::2])
        shape = _shape_of(names)
        kind = (names, shape.fixed(event))
        layout = layouts.get(kind)
        if layout is None:
            layout = layouts[kind] = str(len(layouts) + 1)
            examples.append(event)
        placed.append(layout)
        words.append(layout)
        words += shape.varying(event)
    newest = _newest(events)
    arguments = (*_newest_words(newest), *_layout_words(examples), *words)
    source, counts = _only_source(examples), _counts(examples, Counter(placed))
    numbers = {} if source in UNNUMBERED else _last_numbers({event[DAY] for event in examples}, events)
    return Batch(source, _packed(arguments), len(arguments), list(newest), counts, numbers, events)


def pack_call(head: Sequence[Any], batch: Batch) -> bytes:
    """A command that begins with the words of `head` and ends with a batch's arguments, in Redis' protocol."""
    return b"*%d\r\n%b%b" % (len(head) + batch.arguments, _packed(tuple(head)), batch.packed)


def _newest(events: Sequence[Event]) -> dict[str, tuple[_Rank, int]]:
    newest: dict[str, tuple[_Rank, int]] = {}
    for place, event in enumerate(events, 1):
        # Times are texts of one length; of numbers, the longer is the greater.
        rank = (event[TS], len(event[SEQ]), event[SEQ])
        best = newest.get(event[SYMBOL])
        if best is None or rank >= best[0]:
            newest[event[SYMBOL]] = (rank, place)
    return newest


def _newest_words(newest: Mapping[str, tuple[_Rank, int]]) -> list[Any]:
    words: list[Any] = [len(newest)]
    for (ts, _digits, seq), place in newest.values():
        words += (ts, seq, place)
    return words


def _layout_words(examples: Sequence[Event]) -> list[Any]:
    words: list[Any] = [len(examples)]
    for event in examples:
        slots = _shape_of(tuple(event[::2])).slots
        words += (len(event), *event, len(slots), *slots)
    return words


def _counts(examples: Sequence[Event], placed: Mapping[str, int]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for number, event in enumerate(examples, 1):
        name = count_name(event[SYMBOL], event[DAY])
        counts[name] = counts.get(name, 0) + placed[str(number)]
    return counts


def _last_numbers(days: Iterable[str], events: Sequence[Event]) -> dict[str, int]:
    last: dict[str, int] = {}
    for day in days:
        numbers = [int(event[SEQ]) for event in events if event[DAY] == day]
        if epoch_of(min(numbers)) == epoch_of(max(numbers)):  # Nearly always, and far quicker.
            numbers = [max(numbers)]
        for number in numbers:
            name = number_name(day, epoch_of(number))
            last[name] = max(last.get(name, 0), counter_of(number))
    return last


def _only_source(examples: Sequence[Event]) -> str:
    found = {event[SOURCE] for event in examples}
    if len(found) != 1:
        raise Rejected(f"a batch has quotes of exactly one source, this one of {', '.join(sorted(found)) or 'none'}")
    return found.pop()


def _packed(words: tuple[Any, ...]) -> bytes:
    command: bytes = hiredis.pack_command(words)
    return command[command.index(b"\n") + 1 :]


@lru_cache(maxsize=1024)
def _shape_of(names: tuple[str, ...]) -> _Shape:
    fixed = [2 * index + 1 for index, name in enumerate(names) if name not in _VARYING]
    varying = [2 * index + 1 for index, name in enumerate(names) if name in _VARYING]
    return _Shape(itemgetter(*fixed), itemgetter(*varying), tuple(at + 1 for at in varying))
