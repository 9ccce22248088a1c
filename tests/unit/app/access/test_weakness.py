import pytest

from app.access.weakness import is_weak

STRONG = "3f0c9a7be2d14c6f8a51"


@pytest.mark.parametrize(
    "password",
    [
        "",
        "thor_password",
        "postgres",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "changeme12345678",
        "short-but-odd",
        "Thor-2025-Secret!",
    ],
)
def test_a_password_that_is_short_known_or_monotonous_is_weak(password):
    assert is_weak(password)


@pytest.mark.parametrize("password", [STRONG, "a" * 8 + STRONG, "thor-9d8e7c6b5a4f3e2d1c0b"])
def test_a_long_random_password_is_not(password):
    assert not is_weak(password)
