"""One frame of the streamer taken apart: what it holds of data, and what else it says."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

HEARTBEAT: Final = "heartbeat"


@dataclass(frozen=True, slots=True)
class Entry:
    """What one message says of one key: the service, when it was sent by its own account, and the fields."""

    service: str
    key: str
    sent_ms: object
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Notice:
    """What the streamer says of itself: a code and its text, such as 30, `Stop streaming …`."""

    code: int
    text: str


@dataclass(slots=True)
class Frame:
    """The parts of a frame. `response` is the frame itself where it answers a request.

    `damaged` counts the parts that could not be read: what they said is lost, and may have been of any key.
    """

    entries: list[Entry] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    response: Mapping[str, object] | None = None
    damaged: int = 0


def read_frame(raw: str | bytes) -> Frame:
    """Take a frame apart; never an error."""
    frame = Frame()
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        frame.damaged = 1
        return frame
    for message in _parts(told, "data", frame):
        _read_data(message, frame)
    for message in _parts(told, "notify", frame):
        _read_notice(message, frame)
    if "response" in told:
        _read_response(told, frame)
    return frame


def _parts(told: Mapping[str, object], name: str, frame: Frame) -> Iterator[Mapping[str, object]]:
    parts = told.get(name, [])
    if not isinstance(parts, list):
        frame.damaged += 1
        return
    for part in parts:
        if isinstance(part, dict):
            yield part
        else:
            frame.damaged += 1


def _read_data(message: Mapping[str, object], frame: Frame) -> None:
    service = message.get("service")
    if not isinstance(service, str) or "content" not in message:
        frame.damaged += 1
        return
    for fields in _parts(message, "content", frame):
        key = fields.get("key")
        if isinstance(key, str):
            frame.entries.append(Entry(service, key, message.get("timestamp"), fields))
        else:
            frame.damaged += 1


def _read_notice(message: Mapping[str, object], frame: Frame) -> None:
    if HEARTBEAT in message:
        return
    notice = _notice(message.get("content"))
    if notice is None:
        frame.damaged += 1
    else:
        frame.notices.append(notice)


def _read_response(told: Mapping[str, object], frame: Frame) -> None:
    answers = told["response"]
    first = answers[0] if isinstance(answers, list) and answers else None
    if isinstance(first, dict) and _notice(first.get("content")) and str(first.get("requestid")).isdecimal():
        frame.response = told
    else:
        frame.damaged += 1


def _notice(content: object) -> Notice | None:
    code = content.get("code") if isinstance(content, dict) else None
    if not isinstance(content, dict) or type(code) is not int:
        return None
    return Notice(code, str(content.get("msg", ""))[:200])
