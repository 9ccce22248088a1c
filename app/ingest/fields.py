"""The words of a stream entry as named texts."""

from collections.abc import Sequence
from typing import Final

from app.errors import Rejected

MOST_FIELDS: Final = 100
MOST_BYTES: Final = 65_536
_NAME_SHOWN: Final = 40


def text_fields(words: Sequence[bytes]) -> dict[str, str]:
    """Names and values of an entry as text; `words` are names and values in turn, of two of one name the last counts.

    Rejected, naming the field, when one is not valid UTF-8, or when the entry has over 100 fields or 65,536 bytes.
    """
    names, values = words[::2], words[1::2]
    if len(names) > MOST_FIELDS:
        raise Rejected(f"an entry of {len(names)} fields is no quote: at most {MOST_FIELDS} are read")
    if sum(map(len, words)) > MOST_BYTES:
        longest = max(zip(names, values, strict=True), key=lambda pair: len(pair[0]) + len(pair[1]))
        size = len(longest[0]) + len(longest[1])
        raise Rejected(f"{name_text(longest[0])}: {size} bytes are too many: an entry has at most {MOST_BYTES}")
    try:
        return {name.decode(): value.decode() for name, value in zip(names, values, strict=True)}
    except UnicodeDecodeError:
        raise Rejected(f"{_unreadable(names, values)}: is not valid UTF-8") from None


def is_text(word: bytes) -> bool:
    """Whether the word is valid UTF-8."""
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True


def name_text(name: bytes) -> str:
    """A field's name fit for a line of text: at most 40 letters, what cannot be printed as escapes."""
    letters = name.decode("utf-8", "backslashreplace")[:_NAME_SHOWN]
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in letters)


def _unreadable(names: Sequence[bytes], values: Sequence[bytes]) -> str:
    return next(
        name_text(name) for name, value in zip(names, values, strict=True) if not (is_text(name) and is_text(value))
    )
