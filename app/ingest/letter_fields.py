"""The fields of a dead letter: kept in a form that PostgreSQL holds, and read back with what was corrected."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.errors import Rejected
from app.ingest.fields import is_text
from app.quotes import FIELD_NAMES, REQUIRED_FIELDS

KEPT_BYTES: Final = 4096
KEPT_NAME: Final = 200
KEPT_FIELDS: Final = 64

# Values by field name; None takes the field away.
Correction = Mapping[str, str | None]


def readable_fields(words: Sequence[bytes]) -> tuple[dict[str, Any], bool]:
    """The names and values of an entry in a form that JSON and PostgreSQL hold, and whether that is not all of it.

    Those of a quote come first, and 64 are kept. A value is text, or {"base64": …} where it is no text or holds NUL;
    of one that is longer than 4,096 letters or bytes the beginning is kept, with its size: {"text": …, "bytes": n} or
    {"base64": …, "bytes": n}. A name that is no text is written with escapes, and {"name": base64, …} has its bytes.
    A name that occurs several times has {"values": […]}.
    """
    pairs = sorted(zip(words[::2], words[1::2], strict=False), key=_is_foreign)
    kept: dict[str, list[Any]] = {}
    is_cut = len(pairs) > KEPT_FIELDS
    for name, value in pairs[:KEPT_FIELDS]:
        text = name.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
        shown = _readable(value) if is_text(name) else _of_nameless(name, value)
        kept.setdefault(text[:KEPT_NAME], []).append(shown)
        is_cut = is_cut or len(text) > KEPT_NAME or (isinstance(shown, dict) and "bytes" in shown)
    return {name: found[0] if len(found) == 1 else {"values": found} for name, found in kept.items()}, is_cut


def mended_fields(kept: Mapping[str, Any], correction: Correction, *, truncated: bool) -> dict[str, str]:
    """The fields that were kept, with a correction over them, as text; of two of one name the last counts.

    Rejected, naming each field, where one that is not corrected was cut or is no text. Of an entry that had too many
    fields to be kept, the correction must give symbol, source, seq and ts.
    """
    fields, problems = {}, []
    for name, value in kept.items():
        if name not in correction:
            try:
                fields[name] = _whole_text(value)
            except Rejected as error:
                problems.append(f"{name}: {error}")
    given = {name: value for name, value in correction.items() if value is not None}
    if truncated and _places(kept) >= KEPT_FIELDS and not given.keys() >= set(REQUIRED_FIELDS):
        problems.append(f"the entry was kept in part: correct {', '.join(REQUIRED_FIELDS)}")
    if problems:
        raise Rejected("; ".join(problems))
    return fields | given


def _readable(value: bytes) -> Any:
    if is_text(value) and b"\x00" not in value:
        text = value.decode()
        return text if len(text) <= KEPT_BYTES else {"text": text[:KEPT_BYTES], "bytes": len(value)}
    coded = {"base64": _coded(value)}
    return coded if len(value) <= KEPT_BYTES else {**coded, "bytes": len(value)}


def _of_nameless(name: bytes, value: bytes) -> dict[str, Any]:
    shown = _readable(value)
    return {"name": _coded(name), **(shown if isinstance(shown, dict) else {"text": shown})}


def _coded(value: bytes) -> str:
    return base64.b64encode(value[:KEPT_BYTES]).decode()


def _is_foreign(pair: tuple[bytes, bytes]) -> bool:
    return pair[0].decode("ascii", "replace") not in FIELD_NAMES


def _places(kept: Mapping[str, Any]) -> int:
    return sum(len(value["values"]) if isinstance(value, dict) and "values" in value else 1 for value in kept.values())


def _whole_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if "values" in value:
        return _whole_text(value["values"][-1])
    if "name" in value:
        raise Rejected("its name is not valid UTF-8")
    if "bytes" in value:
        raise Rejected(f"only the beginning of its {value['bytes']} bytes was kept")
    try:
        return base64.b64decode(value["base64"]).decode()
    except (UnicodeDecodeError, binascii.Error):
        raise Rejected("is not valid UTF-8") from None
