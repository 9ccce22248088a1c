import json

import pytest
from hypothesis import given, strategies

from app.api.json_body import DEPTH_LIMIT, read_plain_json
from app.errors import Rejected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b"[NaN]",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e400]",
        b"[-1e999]",
        b"[9223372036854775808]",
        b"[-9223372036854775809]",
        b"[" + b"9" * 5_000 + b"]",
        b"[" * 21 + b"]" * 21,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * 500_000,
        b'"' + b'\\"' * 400_000,
        b'{"a": "\xff"}',
        '{"a": 1}'.encode("utf-16"),
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": 1} {"b": 2}',
        b'["\x01"]',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_body_that_is_no_plain_json_is_rejected_at_once(body):
    # What is quadratic in such a body takes minutes: longer than a test may last.
    with pytest.raises(Rejected) as caught:
        read_plain_json(body)

    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "value", [{}, [1, -(2**63), 2**63 - 1], {"a": [0.1, "[[[[{{", None]}, "x", ["\\", '"[' * 30], 1.5e300]
)
def test_plain_json_is_read(value):
    assert read_plain_json(json.dumps(value).encode()) == value


def test_as_deep_as_the_limit_is_allowed():
    assert read_plain_json(b"[" * DEPTH_LIMIT + b"]" * DEPTH_LIMIT)


@given(
    strategies.recursive(
        strategies.none() | strategies.text() | strategies.integers(-(2**63), 2**63 - 1),
        strategies.lists,
        max_leaves=15,
    )
)
def test_what_is_written_is_read(value):
    try:
        assert read_plain_json(json.dumps(value).encode()) == value
    except Rejected as error:
        assert "deeper" in str(error)
