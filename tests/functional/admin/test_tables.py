import base64
import csv
import hashlib
import io
import re
from html import unescape

from flask_admin.contrib.sqla import filters as kinds
from sqlalchemy import select

from app.ledger.models import DeadLetter
from app.runtime import EXTENSION
from tests.documents import EVIL
from tests.functional.admin.browsing import (
    PLACES,
    details,
    shown,
    state,
    views,
)
from tests.premarket_days import climbed


def test_every_list_shows_its_rows_searches_sorts_filters_and_exports(admin, client, rows):
    for place in PLACES:
        view = views(client)[place]

        page = admin.get(f"{place}/")
        assert page.status_code == 200
        assert len(re.findall(r'<td class="col-', page.text)) >= len(view.column_list)
        for number, _ in enumerate(view.column_list):
            assert admin.get(f"{place}/?sort={number}&desc=1").status_code == 200
        assert admin.get(f"{place}/?search=e").status_code == 200
        for number, one in enumerate(view.get_filters()):
            answer = admin.get(f"{place}/", query_string={view.get_filter_arg(number, one): value_for(one)})
            assert answer.status_code == 200
            assert "Invalid Filter Value" not in answer.text, (one.name, one.operation())
        assert admin.get(f"{place}/export/csv/").status_code == 200


def test_a_search_and_a_filter_keep_what_is_meant(admin, rows):
    assert shown(admin.get("instruments/?search=Crude")) == shown(admin.get("instruments/?search=crude"))
    assert shown(admin.get("jobs/?flt0_symbols_has=es")) == 2
    assert shown(admin.get("jobs/?flt0_symbols_has=GC")) == 0
    assert shown(admin.get("jobs/?flt0_status_equals=failed")) == 1


def test_lists_come_in_pages(admin):
    assert shown(admin.get("instruments/?page_size=20")) == 20


def test_every_row_has_a_page(admin, rows):
    for place in [place for place in PLACES if place != "watchlist"]:
        found = re.search(rf'/admin/{place}/details/\?[^"]*id=([^"&]+)', admin.get(f"{place}/").text)

        answer = admin.get(f"{place}/details/?id={found[1]}")

        assert answer.status_code == 200


def test_a_row_or_page_that_there_cannot_be_is_no_fault(admin, rows):
    for place in ("alerts", "jobs", "scores"):
        for key in ("abc", "9" * 30):
            answer = admin.get(f"{place}/details/?id={key}")

            assert answer.status_code == 302
        assert shown(admin.get(f"{place}/?page={'9' * 30}")) == 0


def test_stored_texts_are_never_markup(admin, rows):
    for place in PLACES:
        pages = [admin.get(f"{place}/").text]
        pages += [admin.get(path[7:]).text for path in details(pages[0])]

        for page in pages:
            assert "<script>alert" not in page
            assert "<b>ES</b>" not in page


def test_the_harmful_texts_are_there_escaped(admin, rows):
    for place in ("jobs", "signals", "changes", "dead-letters", "certificates"):
        assert unescape(EVIL) in unescape(admin.get(f"{place}/").text)


def test_what_is_true_can_not_be_touched_by_hand(admin, client, rows):
    for place in ("jobs", "results", "predictions", "snapshots", "certificates", "changes", "dead-letters"):
        view = views(client)[place]

        assert not (view.can_edit or view.can_delete or view.column_editable_list)
        assert admin.post(f"{place}/delete/", {"id": "1"}).status_code == 302
        assert admin.post(f"{place}/ajax/update/", {"list_form_pk": "1", "kind": "x"}).status_code == 404
        assert admin.post(f"{place}/action/", {"action": "delete", "rowid": "1"}).status_code == 302
        assert shown(admin.get(f"{place}/")) > 0


def test_an_exported_text_is_no_formula_and_a_number_stays_one(admin, rows):
    text = admin.get("dead-letters/export/csv/").text

    (row,) = csv.DictReader(io.StringIO(text))
    assert row["Symbol"] == "'=1+1"
    assert row["No."].isdecimal()


def test_a_dead_letter_is_discarded_with_a_note_through_the_desk(admin, rows, sessions, changes):
    with sessions() as session:
        letter = session.scalar(select(DeadLetter.id))

    admin.post("dead-letters/discard/", {"id": letter, "note": ""})
    assert state(sessions, letter) == "open"
    admin.post("dead-letters/discard/", {"id": letter, "note": "no tick"})

    assert state(sessions, letter) == "discarded"
    page = admin.get(f"dead-letters/details/?id={letter}").text
    assert "no tick" in page
    assert changes()[-1] == ("dead_letters", str(letter), "discard", {"note": [None, "no tick"]})


def test_a_dead_letter_that_is_still_wrong_stays_open_and_says_so(admin, rows, sessions, changes):
    with sessions() as session:
        letter = session.scalar(select(DeadLetter.id))

    admin.post("dead-letters/action/", {"action": "redrive", "rowid": letter})

    assert state(sessions, letter) == "open"
    assert f"Letter {letter}: " in admin.get("dead-letters/").text
    assert changes()[-1][:3] == ("dead_letters", str(letter), "redrive")


def test_what_may_be_changed_in_a_list_can_be_clicked_there(admin, rows):
    for place in ("watchlist", "instruments", "contract-weights", "signal-weights", "markets", "models"):
        page = admin.get(f"{place}/").text

        assert 'data-role="x-editable' in page, place
        assert admin.get(details(page)[0].removeprefix("/admin/").replace("details", "edit")).status_code == 200


def test_columns_are_called_as_people_call_them_and_values_are_for_people(admin, rows):
    results, changes = admin.get("results/").text, admin.get("changes/").text

    assert re.findall(r">\s*(Id|Asof|Reason Code|Job Id|Created At)\s*<", results) == []
    assert "50 %" in results
    assert "No skill" in results
    assert f'href="/admin/jobs/details/?id={rows}"' in results
    assert "{" not in changes.split("model-list")[1].split("</table>")[0]


def test_no_page_asks_for_an_icon_that_is_not_there(admin, browser):
    assert '<link rel="icon" href="data:,">' in admin.client.get("/login").text
    for path in ("", "jobs/"):
        assert '<link rel="icon" href="data:,">' in admin.get(path, follow_redirects=True).text


def test_pages_may_load_from_here_alone_and_run_only_known_scripts(admin, rows):
    paths = ["", "jobs/", "jobs/new/", f"jobs/details/?id={rows}", "settings/", "instruments/", "settings/new/"]

    for path in paths:
        answer = admin.get(path)
        policy = answer.headers["Content-Security-Policy"]
        nonce = re.search(r"'nonce-([^']+)'", policy)[1]
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "unsafe-inline" not in policy
        assert re.findall(r"""(?:src|href)=["'](?:https?:)?//""", answer.text) == []
        for tag in re.findall(r"<(?:script|style)\b[^>]*>", answer.text):
            assert f'nonce="{nonce}"' in tag
        for script in re.findall(r'\son\w+="([^"]*)"', answer.text):
            digest = base64.b64encode(hashlib.sha256(unescape(script).encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy, script


def test_every_file_that_a_page_names_is_there(admin, rows):
    for path in ("jobs/", "jobs/new/", "settings/"):
        for address in set(re.findall(r'(?:src|href)="(/admin/static/[^"]+)"', admin.get(path).text)):
            answer = admin.client.get(unescape(address))
            assert answer.status_code == 200, address
            answer.close()


def value_for(one):
    operation, name = str(one.operation()), type(one).__name__
    if isinstance(one, kinds.BaseSQLABooleanFilter if hasattr(kinds, "BaseSQLABooleanFilter") else ()):
        return "1"
    if "Boolean" in name or "Empty" in name:
        return "1"
    samples = {"DateTime": "2025-03-07 00:00:00", "Date": "2025-03-07", "Int": "1", "Float": "0.5"}
    sample = next((value for kind, value in samples.items() if name.startswith(kind)), "ES")
    if "between" in operation:
        return f"{sample} to {sample}"
    return sample


def test_the_report_before_the_open_is_a_file_and_where_there_is_none_that_is_said(admin, client):
    rt = client.application.extensions[EXTENSION]
    climbed(rt)

    page = admin.get("premarket-reports/")
    [there] = [path for path in details(page.text) if "premarket-reports" in path]
    whole = admin.get("premarket-reports/CME_Futures/2025-10-09/report.html")
    never = admin.get("premarket-reports/CME_Futures/2025-10-10/report.html", follow_redirects=True)

    assert "/admin/premarket-reports/CME_Futures/2025-10-09/report.html" in admin.get(there[7:]).text
    assert (whole.status_code, whole.mimetype) == (200, "text/html")
    assert "CME_Futures before the open of 2025-10-09" in whole.text
    assert 'filename="premarket-2025-10-09.html"' in whole.headers["Content-Disposition"]
    assert never.status_code == 200
    assert "alert-danger" in never.text
