"""Stream entries of broken and hostile producers, each of which must become one dead letter and harm nobody else."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from app.clock import instant_text
from tests.factories import words

_SOON = instant_text(datetime.now(UTC) + timedelta(days=2))

# What is wrong: the word that the reason must hold, and the fields of a good entry that are replaced (None: left out).
CHANGES: Mapping[str, tuple[str, dict[str, str | bytes | None]]] = {
    "symbol missing": ("symbol", {"symbol": None}),
    "source missing": ("source", {"source": None}),
    "seq missing": ("seq", {"seq": None}),
    "ts missing": ("ts", {"ts": None}),
    "symbol empty": ("symbol", {"symbol": ""}),
    "symbol in lower case": ("symbol", {"symbol": "es"}),
    "symbol with a slash": ("symbol", {"symbol": "/ES"}),
    "symbol as a path": ("symbol", {"symbol": "../../etc/passwd"}),
    "symbol too long": ("symbol", {"symbol": "A" * 17}),
    "symbol with NUL": ("symbol", {"symbol": "ES\x00"}),
    "symbol with a tab": ("symbol", {"symbol": "ES\tNQ"}),
    "symbol with a line break": ("symbol", {"symbol": "ES\n"}),
    "symbol in wide letters": ("symbol", {"symbol": "ＥＳ"}),
    "symbol as SQL": ("symbol", {"symbol": "ES';--"}),
    "symbol in broken UTF-8": ("symbol", {"symbol": b"E\xff"}),
    "source unknown": ("source", {"source": "BLOOMBERG"}),
    "source in lower case": ("source", {"source": "replay"}),
    "seq negative": ("seq", {"seq": "-1"}),
    "seq as a word": ("seq", {"seq": "first"}),
    "seq beyond 63 bits": ("seq", {"seq": str(2**63)}),
    "seq in wide digits": ("seq", {"seq": "１"}),
    "ts without a zone": ("ts", {"ts": "2025-10-09T15:30:00"}),
    "ts with an impossible zone": ("ts", {"ts": "2025-10-09T15:30:00+25:00"}),
    "ts in epoch seconds": ("ts", {"ts": "1760023800"}),
    "ts in epoch milliseconds": ("ts", {"ts": "1760023800000"}),
    "ts in epoch nanoseconds": ("ts", {"ts": "1760023800000000000"}),
    "ts of 1970": ("ts", {"ts": "1970-01-01T00:00:00.000000Z"}),
    "ts two days ahead": ("ts", {"ts": _SOON}),
    "ts of the year 9999": ("ts", {"ts": "9999-12-31T23:59:59.999999Z"}),
    "ts not a time": ("ts", {"ts": "NaT"}),
    "ts in a leap second": ("ts", {"ts": "2025-10-09T15:30:60.000000Z"}),
    "ts on a day that is not": ("ts", {"ts": "2025-02-30T15:30:00.000000Z"}),
    "recv_ts ahead": ("recv_ts", {"recv_ts": _SOON}),
    "recv_ts as a word": ("recv_ts", {"recv_ts": "yesterday"}),
    "price NaN": ("last", {"last": "NaN"}),
    "price infinite": ("bid", {"bid": "Infinity"}),
    "price infinitely negative": ("ask", {"ask": "-Infinity"}),
    "price beyond floats": ("last", {"last": "1e309"}),
    "price with a comma": ("last", {"last": "1,234.5"}),
    "price not available": ("last", {"last": "N/A"}),
    "price in hexadecimal": ("last", {"last": "0x10"}),
    "price of 40 digits": ("last", {"last": "1" * 40}),
    "price of 10 places": ("last", {"last": "1.0000000001"}),
    "price with a line break": ("last", {"last": "1\n2"}),
    "price as COPY's null": ("last", {"last": r"\N\N"}),
    "price of a megabyte": ("last", {"last": b"9" * 1_000_000}),
    "size negative": ("last_size", {"last_size": "-1"}),
    "size with a fraction": ("bid_size", {"bid_size": "1.5"}),
    "size beyond 63 bits": ("volume", {"volume": str(2**63)}),
    "trade as a word": ("trade", {"trade": "perhaps"}),
    "delayed as a number": ("delayed", {"delayed": "2"}),
    "origin unknown": ("ts_origin", {"ts_origin": "moon"}),
    "contract malformed": ("contract", {"contract": "ES Z25"}),
    "contract in broken UTF-8": ("contract", {"contract": b"\xff\xfe"}),
    "version unknown": ("v", {"v": "99"}),
    "version empty": ("v", {"v": ""}),
    "foreign field in broken UTF-8": ("note", {"note": b"\xff"}),
    "foreign field of a megabyte": ("note", {"note": b"x" * 1_000_000}),
}
_MANY = [part for number in range(5_000) for part in (b"field%d" % number, b"x")]
_FORMS: Mapping[str, tuple[str, list[bytes]]] = {
    "nothing but an empty field": ("symbol, source, seq, ts missing", [b"", b""]),
    "5,000 foreign fields": ("5000 fields", _MANY),
    "5,000 fields after a good quote": ("fields", [*words(), *_MANY]),
    "a field's name in broken UTF-8": ("\\xff", [*words(), b"\xff", b"1"]),
    "symbol given twice, then badly": ("symbol", [*words(), b"symbol", b"nq"]),
}

# The words of the entries by what is wrong with them, and by the same names what a dead letter's reason must hold.
POISON: dict[str, list[bytes]] = {
    **{name: words(**fields) for name, (_, fields) in CHANGES.items()},
    **{name: entry for name, (_, entry) in _FORMS.items()},
}
NAMED: dict[str, str] = {name: named for name, (named, _) in (*CHANGES.items(), *_FORMS.items())}
