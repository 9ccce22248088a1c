import pytest

from app.api.negotiation import ARROW, CSV, JSON, choose_form

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", JSON),
        ("*/*", JSON),
        (BROWSER, JSON),
        ("application/*", JSON),
        ("text/*", CSV),
        ("text/csv", CSV),
        ("Text/CSV; charset=utf-8; header=present", CSV),
        ("application/vnd.apache.arrow.stream", ARROW),
        ("text/csv;q=0.5, application/vnd.apache.arrow.stream", ARROW),
        ("text/csv, application/vnd.apache.arrow.stream;q=0.9", CSV),
        ("*/*;q=0.1, text/csv", CSV),
        ("application/json;q=0, */*", CSV),
        ("application/*;q=0, */*;q=0.5", CSV),
        ("application/json;q=0.2, application/*", ARROW),
        ("text/csv;q=9", CSV),
    ],
)
def test_the_form_is_the_one_that_is_liked_most(accept, form):
    assert choose_form(accept) == form


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "*/*;q=0", "text/html", ",", "text/csv;q=x"])
def test_there_may_be_no_form_that_is_wanted(accept):
    assert choose_form(accept) is None
