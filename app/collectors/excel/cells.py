"""What a cell says: prices and sizes as Excel, thinkorswim and people write them, and never a guess."""

import math
import re
from decimal import Decimal
from typing import Final, NamedTuple

from app.instruments.catalogue import Instrument

WAITING: Final = "waiting"  # The source has no value yet.
ERROR: Final = "error"  # The formula failed.
MALFORMED: Final = "malformed"  # Text that is no number.
WRONG_KIND: Final = "wrong kind"  # A date, a truth value, a number that is not finite.
FRACTION: Final = "fraction"  # Thirty-seconds that do not exist, or of what is not quoted in them.
PERCENT: Final = "percent"  # A percentage where points belong.
SIZE: Final = "size"  # A size that is negative or not whole.
RANGE: Final = "range"  # More digits than a quote holds.
ZERO: Final = "zero"  # What stands for no price, as where a formula refers to an empty cell.

_WAITING_TEXTS: Final = frozenset({"loading", "n/a", "na", "--", "-", "<empty>", "#getting_data", "#calc!", "#busy!"})
_NOT_AVAILABLE: Final = -2146826246  # #N/A, which RTD shows until it has a value.
_ERROR_CODES: Final = range(-2146826288, -2146826239)  # Errors of cells as COM hands them out.
_ERROR_TEXT: Final = re.compile(r"#[a-z0-9/_]+[!?]?")
_NOT_FINITE: Final = frozenset({"nan", "inf", "infinity", "+inf", "-inf", "-infinity"})
_SIGNED: Final = re.compile(r"(\()?([+-]?)\$?([+-]?)([0-9.,'+-]+)(%?)(\)?)", re.ASCII)
_PLAIN: Final = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+")
_GROUPED_OR_NOT: Final = re.compile(r"[1-9][0-9]{0,2}([.,])[0-9]{3}")
_THIRTY_SECONDS: Final = re.compile(r"([0-9]{1,6})['-]([0-9]{2})(?:'?([0-9+])|\.([0-9]{1,3}))?")
_EIGHTHS: Final = {"0": 0, "1": 1, "2": 2, "3": 3, "5": 4, "+": 4, "6": 5, "7": 6, "8": 7}
_DRESS: Final = str.maketrans({"’": "'", "′": "'", "−": "-", "\xa0": " "})
_PRICE_LIMIT: Final = Decimal(10**9)
_SIZE_LIMIT: Final = 2**63
_PLACES: Final = Decimal("1e-9")
_NOISE: Final = Decimal("1e-11")  # Of the value: a hundred thousand times what one operation on doubles adds.


class Unread(NamedTuple):
    """Why a cell gives no value: one of the reasons above, and words for a person."""

    reason: str
    detail: str


def read_price(value: object, instrument: Instrument | None = None) -> Decimal | Unread | None:
    """The exact price in a cell; None where the cell is empty, Unread where it holds what is no price.

    Numbers are taken digit by digit as they are shown, with at most 9 places, and put on the instrument's tick where
    they miss it by no more than the noise of floating point. Text may have thousands separators, $, a sign or brackets,
    and a percent sign, which is dropped; where the instrument's decimals make it likely that 32,150 is meant as 32.150,
    or 42.150 as 42,150, it is refused. Thirty-seconds (118'16, 110-165, 121'16.25; the third digit tells eighths: 2
    is a quarter, 5 or + a half, 7 three quarters) are read for instruments that are quoted in them and refused for
    others. Zero is no price: sources write it where they have none.
    """
    price = _points(value, instrument)
    return Unread(ZERO, "zero, which stands for no price") if price == 0 else price


def read_change(value: object, instrument: Instrument | None = None) -> Decimal | Unread | None:
    """As `read_price`, but zero is a change, and a percentage is refused: it would be taken for points."""
    if isinstance(value, str) and value.strip().rstrip(")").endswith("%"):
        return Unread(PERCENT, "a percentage, and not a change in points")
    return _points(value, instrument)


def read_size(value: object) -> int | Unread | None:
    """The whole number in a cell, from 0 to 2**63 - 1; None where the cell is empty, else Unread."""
    if isinstance(value, str):
        found = _split(value)
        if not isinstance(found, _Split):
            return found
        if found.is_percent:
            return Unread(SIZE, "a percentage, and not a size")
        number: Decimal | Unread | None = _plain(found)
    else:
        number = _number(value)
    if not isinstance(number, Decimal):
        return number
    if number < 0 or number != number.to_integral_value():
        return Unread(SIZE, "a size must be whole and not negative")
    return int(number) if number < _SIZE_LIMIT else Unread(RANGE, "larger than any size")


def says_nothing(text: str) -> bool:
    """Whether a text stands for a value that is not there: `loading`, `N/A`, an error of Excel's."""
    found = _split(text)
    return isinstance(found, Unread) and found.reason in (WAITING, ERROR)


class _Split(NamedTuple):
    sign: int
    body: str
    is_percent: bool


def _number(value: object) -> Decimal | Unread | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return Unread(WRONG_KIND, "a truth value, and not a number")
    if isinstance(value, int):
        if value == _NOT_AVAILABLE:
            return Unread(WAITING, "the formula has no value yet")
        return Unread(ERROR, "an error of Excel's") if value in _ERROR_CODES else Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else Unread(WRONG_KIND, "a number that is not finite")
    if isinstance(value, Decimal):
        return value if value.is_finite() else Unread(WRONG_KIND, "a number that is not finite")
    return Unread(WRONG_KIND, f"a {type(value).__name__}, and not a number: format the cell as a number")


def _points(value: object, instrument: Instrument | None) -> Decimal | Unread | None:
    if isinstance(value, str):
        return _points_of_text(value, instrument)
    number = _number(value)
    return _exact(number, instrument) if isinstance(number, Decimal) else number


def _points_of_text(text: str, instrument: Instrument | None) -> Decimal | Unread | None:
    found = _split(text)
    if not isinstance(found, _Split):
        return found
    if fraction := _THIRTY_SECONDS.fullmatch(found.body):
        value = _thirty_seconds(fraction, instrument)
        return value if isinstance(value, Unread) else _exact(found.sign * value, instrument)
    number = _plain(found)
    if isinstance(number, Unread):
        return number
    if instrument and _is_unclear(found.body, instrument):
        return Unread(MALFORMED, "no clear number: its separator may be one of thousands or of decimals")
    if -int(number.as_tuple().exponent) > 9:
        return Unread(RANGE, "more than 9 decimal places")
    return _exact(number, instrument)


def _split(text: str) -> _Split | Unread | None:
    plain = text.translate(_DRESS).strip().casefold()
    if not plain:
        return None
    if plain.rstrip(". …") in _WAITING_TEXTS or plain in _WAITING_TEXTS:
        return Unread(WAITING, "the source has no value yet")
    if plain == "#n/a":
        return Unread(WAITING, "the formula has no value yet")
    if _ERROR_TEXT.fullmatch(plain):
        return Unread(ERROR, "an error of Excel's")
    if plain in _NOT_FINITE:
        return Unread(WRONG_KIND, "a number that is not finite")
    shape = _SIGNED.fullmatch(plain)
    if shape is None:
        return Unread(MALFORMED, "no number")
    opened, before, after, body, percent, closed = shape.groups()
    if bool(opened) != bool(closed) or (opened and (before or after)) or (before and after):
        return Unread(MALFORMED, "no number: its sign is unclear")
    return _Split(-1 if opened or "-" in (before, after) else 1, body, bool(percent))


def _plain(found: _Split) -> Decimal | Unread:
    if not _PLAIN.fullmatch(found.body):
        return Unread(MALFORMED, "no number of the form 6,879.25")
    return found.sign * Decimal(found.body.replace(",", ""))


def _is_unclear(body: str, instrument: Instrument) -> bool:
    shape = _GROUPED_OR_NOT.fullmatch(body)
    return shape is not None and (shape[1] == ",") == (instrument.tick_decimals >= 3)


def _thirty_seconds(shape: re.Match[str], instrument: Instrument | None) -> Decimal | Unread:
    whole, part, digit, places = shape.groups()
    if instrument is None or instrument.price_format != "32":
        return Unread(FRACTION, "thirty-seconds of an instrument that is not quoted in them")
    if digit is not None and digit not in _EIGHTHS:
        return Unread(FRACTION, f"there is no eighth of a thirty-second that is written {digit}")
    eighths = Decimal(_EIGHTHS[digit]) if digit else Decimal(f"0.{places or 0}") * 8
    if int(part) > 31 or eighths != eighths.to_integral_value():
        return Unread(FRACTION, "no number of thirty-seconds and their eighths")
    return int(whole) + (int(part) * 8 + eighths) / 256


def _exact(number: Decimal, instrument: Instrument | None) -> Decimal | Unread:
    if abs(number) >= _PRICE_LIMIT:
        return Unread(RANGE, "more than 9 digits before the point")
    exact = _on_tick(number, instrument.tick_size) if instrument else number
    if -int(exact.as_tuple().exponent) > 9:
        exact = exact.quantize(_PLACES).normalize()
    if abs(exact) >= _PRICE_LIMIT:
        return Unread(RANGE, "more than 9 digits before the point")
    # A price of zero has no sign, and none is written with an exponent.
    return exact + 0 if int(exact.as_tuple().exponent) <= 0 else exact.quantize(Decimal(1))


def _on_tick(number: Decimal, tick: Decimal) -> Decimal:
    nearest = ((number / tick).to_integral_value() * tick).quantize(tick)
    noise = min(tick / 500, max(abs(number), Decimal(1)) * _NOISE)
    return nearest if abs(number - nearest) <= noise else number
