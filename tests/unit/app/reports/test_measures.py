import pytest

from app.reports.measures import instant_of, p_text, readable, scale_of, unit_text


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (0.16275562689991757, "percent", "16.3 %"), (0.004440684762, "percent", "0.44 %"), (0.5, "percent", "50 %"),
        (-0.0223975635, "percent", "-2.24 %"), (0.0, "percent", "0 %"), (1, "percent", "100 %"),
        (0.0000123, "percent", "0.0012 %"), (6734.75, "price", "6,734.75"), (117.03125, "price", "117.03125"),
        (1.08345, "price", "1.08345"), (0.0067345, "price", "0.0067345"), (6550.925401148332, "price", "6,550.93"),
        (18.872339272076715, "price", "18.872"), (-1.5608752331274118, "plain", "-1.56"),
        (2_499_985, "plain", "2,499,985"), (0.0, "plain", "0"), (-37.63, "price", "-37.63"),
        (0.0462836098, "plain", "0.0463"), (166165.9252058208, "plain", "166,165.93"), (1e20, "plain", "1e+20"),
        (None, "plain", "–"), ("green", "percent", "green"), (True, "plain", "yes"),
    ],
)  # fmt: skip
def test_a_number_has_the_digits_that_help(value, scale, text):
    assert readable(value, scale) == text


@pytest.mark.parametrize(
    ("path", "unit", "scale"),
    [
        (("volatility", "realised"), "fraction a year", "percent"),
        (("risk", "1h", "var_99", "fhs"), "log return", "percent"),
        (("levels", "support", "0", "level"), "points", "price"),
        (("recommendation", "confidence"), None, "percent"),
        (("portfolio", "weights", "equal", "ES"), None, "percent"),
        (("symbols", "ES", "volatility", "label"), None, "percent"),
        (("trend", "label"), None, "plain"),
        (("recommendation", "out_of_sample", "brier_skill"), None, "plain"),
        (("quality", "coverage"), "minutes", "plain"),
        ((), None, "plain"),
    ],
)
def test_the_unit_says_how_a_number_is_shown_and_else_its_name(path, unit, scale):
    assert scale_of(path, unit) == scale


def test_a_unit_does_not_say_that_it_is_a_fraction_behind_a_percent_sign():
    assert [unit_text(unit) for unit in ("fraction a year", "log return", "points", None)] == [
        "a year",
        "(log)",
        "points",
        "",
    ]


def test_a_small_p_value_is_not_zero():
    assert [p_text(p) for p in (0.9260252, 0.0004, 1.0)] == ["0.926", "< 0.001", "1.000"]


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("2026-11-26T13:24:40.707286Z", "2026-11-26 13:24:40 UTC"), ("2026-11-26T13:24:00Z", "2026-11-26 13:24 UTC"),
        ("2026-11-26", None), ("text", None), (5, None), (None, None),
    ],
)  # fmt: skip
def test_an_instant_is_written_for_people(told, text):
    assert instant_of(told) == text
