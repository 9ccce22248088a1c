"""The bytes of the event stream, and the stream ids that place each event."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Final, NamedTuple

from app.errors import Rejected
from app.quotes import from_fields, public_form

StreamId = tuple[int, int]
ORIGIN: Final[StreamId] = (0, 0)
_STREAM_ID = re.compile(r"([0-9]{1,20})-([0-9]{1,20})")
_ID_LIMIT: Final = 2**64
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))


class Event(NamedTuple):
    """One quote of the stream: its place, symbol and source, and the bytes that every client gets of it."""

    id: StreamId
    symbol: str
    frame: bytes
    source: str = ""


# The last event of each symbol and source.
Newest = dict[tuple[str, str], Event]


def newest_of(events: Iterable[Event]) -> Newest:
    """The last of these events of each symbol and source."""
    return {(event.symbol, event.source): event for event in events}


def parse_id(text: str) -> StreamId:
    """A stream id written as milliseconds-number; Rejected when it is malformed."""
    found = _STREAM_ID.fullmatch(text)
    parts = (int(found[1]), int(found[2])) if found else ORIGIN
    if found is None or max(parts) >= _ID_LIMIT:
        raise Rejected("the last event id is malformed: send back the id of an event, such as 1760023800000-0, or none")
    return parts


def id_text(place: StreamId) -> str:
    """The wire form of a stream id."""
    return f"{place[0]}-{place[1]}"


def read_event(
    entry_id: bytes, fields: Mapping[bytes, bytes], now: datetime, session_of: Callable[[datetime], date]
) -> Event:
    """Make an event of a stream entry; Rejected when ingest would refuse the entry too."""
    try:
        text = {name.decode(): value.decode() for name, value in fields.items()}
    except UnicodeDecodeError:
        raise Rejected("not UTF-8") from None
    from_fields(text, now, session_of)
    data = _ENCODER.encode(public_form(text))
    frame = f"id: {entry_id.decode()}\nevent: quote\ndata: {data}\n\n".encode()
    return Event(parse_id(entry_id.decode()), text["symbol"], frame, text["source"])


def greeting(retry_ms: int) -> bytes:
    """The first bytes of a stream: that it stands, and how long to wait before coming back."""
    return f": connected\nretry: {retry_ms}\n\n".encode()


def heartbeat(place: StreamId) -> bytes:
    """A comment that keeps the connection; it moves the client's Last-Event-ID past events that its filter left out."""
    return f": hb\n{_id_line(place)}\n".encode()


def reset(reason: str, place: StreamId) -> bytes:
    """Events before `place` are lost to this client: it must take a snapshot."""
    return f"{_id_line(place)}event: reset\ndata: {_ENCODER.encode({'reason': reason})}\n\n".encode()


def status(bus: str) -> bytes:
    """The bus is `away` or `back`: silence does not mean that nothing is traded."""
    return f"event: status\ndata: {_ENCODER.encode({'bus': bus})}\n\n".encode()


def sources(states: Mapping[str, str], displayed: Mapping[str, str]) -> bytes:
    """How each source stands, and whose quote is displayed of each symbol while a live source is at work."""
    return f"event: sources\ndata: {_ENCODER.encode({'sources': states, 'displayed': displayed})}\n\n".encode()


def conflated(count: int) -> bytes:
    """So many events were left out because the client was too slow; the newest of each symbol and source follow."""
    return f"event: conflated\ndata: {_ENCODER.encode({'count': count})}\n\n".encode()


def _id_line(place: StreamId) -> str:
    return f"id: {id_text(place)}\n" if place != ORIGIN else ""
