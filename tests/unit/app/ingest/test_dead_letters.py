import base64

from app.ingest.dead_letters import KEPT_BYTES, KEPT_FIELDS, readable_fields


def test_text_stays_text():
    assert readable_fields([b"symbol", b"ES", b"note", "naïve".encode()]) == {"symbol": "ES", "note": "naïve"}


def test_what_is_no_text_or_holds_nul_is_kept_in_base64():
    kept = readable_fields([b"a", b"\xff\x00", b"b", b"E\x00S"])

    assert kept == {
        "a": {"base64": base64.b64encode(b"\xff\x00").decode()},
        "b": {"base64": base64.b64encode(b"E\x00S").decode()},
    }


def test_names_become_text_without_nul():
    assert list(readable_fields([b"\xff\x00n", b"1"])) == ["\\xff\\x00n"]


def test_long_values_are_cut_also_in_the_middle_of_a_letter():
    kept = readable_fields([b"a", b"x" + "é".encode() * 100_000, b"b", b"\xff" * 100_000])

    assert kept["a"] == "x" + "é" * (KEPT_BYTES - 1)
    assert kept["b"] == {"base64": base64.b64encode(b"\xff" * KEPT_BYTES).decode()}


def test_of_very_many_fields_the_first_are_kept():
    flat = [part for number in range(5_000) for part in (b"%d" % number, b"x")]

    assert list(readable_fields(flat)) == [str(number) for number in range(KEPT_FIELDS)]
