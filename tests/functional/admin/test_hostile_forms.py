"""Forms and keys as no page of the admin sends them: refused, with nothing changed, and never a fault."""

from html import unescape

import pytest

from app.instruments.models import ContractWeight, SignalWeight, TradingInstrument
from app.jobs.models import UserSetting
from tests.functional.admin.browsing import PLACES, counted, routes

FIELDS = (
    "name", "value", "note", "tick_size", "multiplier", "schwab_symbol", "tos_symbol", "watch_position", "weight",
    "min_weight", "max_weight", "composite", "symbol", "signal", "valid_from", "kind", "symbols", "timeframe",
    "start_date", "end_date", "parameters", "automated", "enabled",
)  # fmt: skip
ACTIONS = ("run", "cancel", "retry", "acknowledge", "resolve", "revoke", "redrive", "export_csv", "delete")
LONG, LARGE = "x" * 200_000, "x" * 1_000_000
DEEP = "[" * 10_000 + "]" * 10_000
NO_KEYS = ["", "abc", "-1", "1.5", "9" * 30, "２", "a,b,c,d,e", ".,.,", "trend,soon", "us,ES,2025-02-30", "a\0b", "%00"]
REFUSED = {200, 302, 400, 404, 405, 413}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("key", NO_KEYS)
def test_a_key_that_is_none_changes_nothing_and_is_no_fault(admin, client, rows, changes, sessions, key):
    before, kept = changes(), counted(sessions)

    answers = {}
    for path in routes(client, "POST"):
        for action in ACTIONS if path.endswith("/action/") else ("",):
            told = {"action": action, "rowid": key, "id": key, "list_form_pk": key, "note": "x"}
            answers[path, action] = admin.post(path.removeprefix("/admin/"), told).status_code
    for place in PLACES:
        for page in ("details", "edit"):
            answers[place, page] = admin.get(f"{place}/{page}/", query_string={"id": key}).status_code

    assert {one: status for one, status in answers.items() if status not in REFUSED} == {}
    assert [one for one in changes() if one not in before and one[2] != "retry"] == []
    assert counted(sessions)[1:] == kept[1:]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "text", [LONG, LARGE, DEEP, "a\0b", "1e400", "NaN"], ids=["long", "large", "deep", "nul", "infinite", "nan"]
)
def test_a_text_that_fits_no_field_is_no_fault(admin, client, rows, changes, read, text):
    before = changes()

    answers = {}
    for path in routes(client, "POST"):
        key = "trend,2025-03-07" if "signal" in path else "us,ES,2025-03-07" if "contract" in path else "ES"
        key = {"settings": "analysis..equity", "markets": "CME_Futures"}.get(path.split("/")[2], key)
        for fields in [(name,) for name in FIELDS] if len(text) > 100_000 else [FIELDS]:
            told = {"id": key, "list_form_pk": key, **dict.fromkeys(fields, text)}
            if path.endswith(("/edit/", "/new/", "/update/")):
                answer = admin.post(f"{path.removeprefix('/admin/')}?id={key}", told)
                answers[path, fields[0]] = answer.status_code

    assert len(answers) > 20
    assert {one: status for one, status in answers.items() if status not in REFUSED} == {}
    assert [change for change in changes() if change not in before and text[:20] in str(change)] == []
    assert read(SignalWeight, ("trend", "2025-03-07")).weight == 1


@pytest.mark.parametrize(
    ("text", "words"), [(LONG, "longer than"), ("[" * 4_000 + "]" * 4_000, "nested too deep"), (DEEP, "longer than")]
)
def test_json_that_is_too_long_or_too_deep_says_so(admin, rows, changes, read, text, words):
    before, value = changes(), read(UserSetting, "analysis.equity").value

    answers = ask_with_json(admin, text)

    assert [(answer.status_code, words in unescape(answer.text)) for answer in answers] == [(200, True)] * 3
    assert changes() == before
    assert (read(UserSetting, "analysis.equity").value, read(UserSetting, "analysis.seed")) == (value, None)


def test_a_field_of_a_megabyte_is_refused_unread(admin, rows, changes):
    before = changes()

    assert [answer.status_code for answer in ask_with_json(admin, LARGE)] == [413] * 3

    assert changes() == before


@pytest.mark.parametrize("figure", ["1e400", "1e-400", "NaN", "-Infinity", "9" * 30, "0", "-1"])
def test_a_figure_that_no_instrument_has_is_refused_in_words(admin, changes, read, figure):
    fields = {"name": "E-mini", "tick_size": figure, "multiplier": "50", "schwab_symbol": "/ES", "tos_symbol": "/ES"}
    before = read(TradingInstrument, "ES").tick_size

    answer = admin.post("instruments/edit/?id=ES", fields)

    assert answer.status_code == 200
    assert any(words in answer.text for words in ("are above 0", "The database refuses this", "Not a valid decimal"))
    assert read(TradingInstrument, "ES").tick_size == before
    assert changes() == []


def test_an_inline_edit_of_no_field_of_the_list_changes_nothing(admin, rows, changes):
    before = changes()

    for place, key in (("markets", "CME_Futures"), ("watchlist", "ES"), ("contract-weights", "us,ES,2025-03-07")):
        answer = admin.post(f"{place}/ajax/update/", {"list_form_pk": key, "timezone": "UTC"})
        assert (answer.status_code, answer.text) == (400, "Nothing here can be changed in a list.")

    assert changes() == before


def test_of_chosen_rows_those_that_are_there_go_and_the_others_are_told(admin, rows, changes, read):
    chosen = ["us,ES,2025-03-07", "us,ZZ,2025-03-07", "7", "us,ES,soon"]

    assert admin.post("contract-weights/action/", {"action": "delete", "rowid": chosen}).status_code == 302

    page = admin.get("contract-weights/").text
    assert "us,ES,2025-03-07 is taken away." in page
    assert all(f"There is no row {key}." in page for key in chosen[1:])
    assert read(ContractWeight, ("us", "ES", "2025-03-07")) is None
    assert changes()[-1][:3] == ("contract_weights", "us/ES/2025-03-07", "delete")


def test_no_row_is_taken_away_where_none_may_be(admin, rows, changes, sessions):
    before, kept = changes(), counted(sessions)

    for place in ("jobs", "markets", "instruments", "dead-letters", "users", "audit"):
        admin.post(f"{place}/action/", {"action": "delete", "rowid": ["1", "CME_Futures", "ES"]})

    assert (changes(), counted(sessions)) == (before, kept)


def ask_with_json(admin, text):
    return [
        admin.post("settings/edit/?id=analysis..equity", {"name": "analysis.equity", "value": text}),
        admin.post("settings/new/", {"name": "analysis.seed", "value": text}),
        admin.post("jobs/new/", {"kind": "single", "symbols": ["ES"], "parameters": text}),
    ]
