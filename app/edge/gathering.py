"""Knowing when a request is there as a whole, before anybody's time is spent on it."""

import re
from http import HTTPStatus
from typing import Final

HEAD_LIMIT_BYTES: Final = 65_536
BODY_LIMIT_BYTES: Final = 1_000_000
# Room for what chunks add to a body that is sent in small ones.
_WIRE_LIMIT_BYTES: Final = 2 * BODY_LIMIT_BYTES
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked", re.IGNORECASE)
_EXPECTS: Final = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")
_SIZE_LINE_LIMIT: Final = 256


class Unfit(Exception):
    """The request is larger than any that is taken, or its chunks are none; `status` is 413, 431 or 400."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class Gathered:
    """The bytes of one request so far.

    It tells when nothing more is to be waited for. Whether the head is right is for the server's parser to say.
    """

    def __init__(self, data: bytes = b"") -> None:
        self._data = bytearray(data)
        self._body_at = 0
        self._chunk_at = 0
        self._expects = False

    def __len__(self) -> int:
        return len(self._data)

    @property
    def has_head(self) -> bool:
        """Whether the whole head has come, as far as it was looked for."""
        return self._body_at > 0

    def add(self, data: bytes) -> None:
        """Append what has come."""
        self._data += data

    def content(self) -> bytes:
        """All that has come."""
        return bytes(self._data)

    def is_whole(self) -> bool:
        """Whether the head and its body have come; Unfit as soon as it is known for that."""
        if not self._body_at and not self._find_head():
            return False
        if _CHUNKED.search(self._data, 0, self._body_at):
            return self._has_last_chunk()
        length = _LENGTH.search(self._data, 0, self._body_at)
        return length is None or len(self._data) - self._body_at >= _within_limit(int(length[1]))

    def take_expectation(self) -> bool:
        """Whether the client waits for a word before it sends its body; True once."""
        expects, self._expects = self._expects, False
        return expects

    def _find_head(self) -> bool:
        end = self._data.find(b"\r\n\r\n")
        if (end if end >= 0 else len(self._data)) > HEAD_LIMIT_BYTES:
            raise Unfit(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if end < 0:
            return False
        self._body_at = self._chunk_at = end + 4
        self._expects = _EXPECTS.search(self._data, 0, end + 2) is not None
        return True

    def _has_last_chunk(self) -> bool:
        while (end := self._data.find(b"\r\n", self._chunk_at)) >= 0:
            size = _SIZE.fullmatch(self._data, self._chunk_at, end)
            if size is None:
                raise Unfit(HTTPStatus.BAD_REQUEST)
            if not (length := int(size[1], 16)):
                return self._has(b"\r\n\r\n", end)
            _within_limit(end - self._body_at + length, _WIRE_LIMIT_BYTES)
            after = end + 2 + _within_limit(length)
            if not self._has(b"\r\n", after):
                return False
            self._chunk_at = after + 2
        if len(self._data) - self._chunk_at > _SIZE_LINE_LIMIT:
            raise Unfit(HTTPStatus.BAD_REQUEST)
        return False

    def _has(self, mark: bytes, place: int) -> bool:
        found = self._data[place : place + len(mark)]
        if not mark.startswith(found):
            raise Unfit(HTTPStatus.BAD_REQUEST)
        return len(found) == len(mark)


def _within_limit(size: int, limit: int = BODY_LIMIT_BYTES) -> int:
    if size > limit:
        raise Unfit(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return size
