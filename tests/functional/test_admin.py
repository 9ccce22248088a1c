import base64
import csv
import hashlib
import io
import re
from datetime import timedelta
from html import unescape

import pytest
from flask_admin.contrib.sqla import filters as kinds
from openpyxl import load_workbook
from sqlalchemy import select

from app.clock import SystemClock
from app.desk.models import Market
from app.errors import Unavailable
from app.factory import create_app
from app.instruments.models import ContractWeight, SignalWeight
from app.instruments.store import watchlist
from app.jobs.models import AdminChange, AnalysisJob, PredictionModel, UserSetting
from app.ledger.models import DeadLetter
from app.local.credentials import AdminPassword
from tests.admin_rows import fill, job_row
from tests.documents import EVIL
from tests.fakes import FixedClock

PASSWORD = "correct horse battery"
PLACES = (
    "jobs", "results", "signals", "predictions", "models", "watchlist", "instruments", "contract-weights",
    "signal-weights", "markets", "snapshots", "certificates", "dead-letters", "settings", "changes",
)  # fmt: skip
FORGED = "IjEi.forged.forged"


@pytest.fixture
def clock():
    return FixedClock(SystemClock().now())


@pytest.fixture
def password(settings):
    AdminPassword(settings.state_dir).set(PASSWORD)


@pytest.fixture
def rows(sessions):
    with sessions.begin() as session:
        return fill(session)


class Browser:
    """A client that is logged in and sends the token of its session, as the pages do."""

    def __init__(self, client):
        self.client = client
        self.token = token_of(client.get("/admin/login").text)

    def log_in(self, password=PASSWORD, name="admin", **told):
        data = {"csrf_token": self.token, "name": name, "password": password, **told}
        answer = self.client.post("/admin/login", data=data)
        if answer.status_code == 302:
            self.token = token_of(self.client.get("/admin/").text)
        return answer

    def get(self, path, **told):
        return self.client.get(f"/admin/{path}", **told)

    def post(self, path, data, token=None):
        return self.client.post(f"/admin/{path}", data={"csrf_token": token or self.token, **data})


@pytest.fixture
def browser(client, password):
    return Browser(client)


@pytest.fixture
def admin(browser):
    assert browser.log_in().status_code == 302
    return browser


@pytest.fixture
def changes(sessions):
    def read():
        with sessions() as session:
            found = session.scalars(select(AdminChange).order_by(AdminChange.id))
            return [(one.entity, one.key, one.action, one.changes) for one in found]

    return read


@pytest.fixture
def read(sessions):
    """One row as it is in the database."""

    def find(table, key):
        with sessions() as session:
            return session.get(table, key)

    return find


def token_of(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


def views(client):
    made = client.application.wsgi_app.admin()
    return {view.endpoint: view for view in made.extensions["admin"][0]._views}


def routes(client, method):
    made = client.application.wsgi_app.admin()
    with made.test_request_context():
        adapter = made.url_map.bind("localhost")
        values = {"job_id": 1, "what": "run", "export_type": "csv", "filename": "x"}
        return [
            adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments}, method=method)
            for rule in made.url_map.iter_rules()
            if method in rule.methods and not rule.endpoint.endswith("static")
        ]


# --- Logging in


def test_without_a_password_nobody_gets_in_and_the_page_says_what_to_do(client):
    browser = Browser(client)

    answer = browser.log_in(password="")

    assert answer.status_code == 401
    assert "flask admin-password" in answer.text
    assert browser.get("jobs/").status_code == 302


def test_the_right_password_opens_everything_and_the_cookie_is_kept_from_scripts_and_other_sites(browser):
    answer = browser.log_in(next="/admin/jobs/?search=x")

    cookie = answer.headers["Set-Cookie"]
    assert answer.location == "/admin/jobs/?search=x"
    assert {"HttpOnly", "SameSite=Strict", "Path=/admin"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie
    assert browser.get("jobs/").status_code == 200


def test_the_cookie_travels_by_https_alone_where_the_page_did(client, password):
    answer = client.get("/admin/login", base_url="https://localhost")

    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("name", "password"), [("admin", "wrong"), ("root", PASSWORD), ("", ""), ("admin", "x" * 2000)]
)
def test_a_wrong_name_or_password_is_told_the_same(browser, name, password):
    answer = browser.log_in(name=name, password=password)

    assert answer.status_code == 401
    assert "The name or the password is wrong." in answer.text
    assert browser.get("").status_code == 302


def test_after_some_wrong_passwords_even_the_right_one_has_to_wait(browser, clock):
    for _ in range(5):
        assert browser.log_in(password="wrong").status_code == 401

    answer = browser.log_in()

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    clock.advance(timedelta(seconds=int(answer.headers["Retry-After"])))
    assert browser.log_in().status_code == 302


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example/admin/",
        "/\\evil",
        "javascript:alert(1)",
        "/api/jobs",
        "/admin/../api",
        "",
    ],
)
def test_after_the_login_one_stays_in_the_admin(browser, target):
    assert browser.log_in(next=target).location == "/admin/"


def test_the_token_of_before_the_login_is_worth_nothing_after_it(browser):
    before = browser.token
    browser.log_in()

    assert browser.post("logout", {}, token=before).status_code == 400


def test_logging_out_is_a_change_and_ends_the_session(admin):
    assert admin.get("logout").status_code == 405
    assert admin.post("logout", {}).status_code == 302
    assert admin.get("").status_code == 302


def test_a_new_password_ends_all_sessions(admin, settings):
    AdminPassword(settings.state_dir).set("another long password")

    assert admin.get("").status_code == 302


def test_a_session_ends_after_twelve_hours(admin, clock):
    clock.advance(timedelta(hours=11, minutes=59))
    assert admin.get("").status_code == 200

    clock.advance(timedelta(minutes=2))

    assert admin.get("").status_code == 302


def test_every_page_asks_who_it_is(client, password):
    open_ones = {"/admin/login"}

    answers = {path: client.get(path).status_code for path in routes(client, "GET") if path not in open_ones}

    assert len(answers) > 50
    assert set(answers.values()) == {302}


def test_the_api_is_as_it_was(client, password):
    answer = client.get("/api/instruments")

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert client.get("/administrator").mimetype == "application/problem+json"


# --- Who is let in at all


@pytest.mark.parametrize(
    "told",
    [
        {"environ_base": {"REMOTE_ADDR": "192.168.1.7"}},
        {"headers": {"Host": "evil.example"}},
        {"headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"headers": {"Origin": "https://evil.example"}},
    ],
)
def test_only_this_machine_is_let_in(client, password, told):
    assert client.get("/admin/login", **told).status_code == 403


def test_other_machines_are_let_in_under_the_names_that_the_settings_tell(settings, dispatch, clock, bus, sessions):
    app = create_app(settings.model_copy(update={"admin_hosts": "thor.desk.lan"}), dispatch, clock)
    far = {"environ_base": {"REMOTE_ADDR": "192.168.1.7"}}

    with app.test_client() as client:
        assert client.get("/admin/login", headers={"Host": "thor.desk.lan"}, **far).status_code == 200
        assert client.get("/admin/login", headers={"Host": "evil.example"}, **far).status_code == 403


# --- Tokens


@pytest.mark.parametrize("token", [None, "", FORGED])
def test_no_change_of_any_kind_is_made_without_the_token(admin, client, rows, changes, sessions, token):
    with sessions.begin() as session:
        session.add(job_row())
    before, kept = changes(), counted(sessions)
    data = {
        "list_form_pk": "CME_Futures", "automated": "", "id": "1", "action": "cancel", "rowid": "1", "name": "x",
        "note": "x", **({} if token is None else {"csrf_token": token}),
    }  # fmt: skip

    answers = {path: client.post(path, data=data).status_code for path in routes(client, "POST")}

    assert len(answers) > 50
    assert set(answers.values()) == {400}
    assert changes() == before
    assert counted(sessions) == kept


def test_a_token_in_a_header_of_another_session_is_refused(admin, app, client):
    other = Browser(app.test_client()).token

    answer = client.post("/admin/markets/ajax/update/", headers={"X-CSRFToken": other}, data={})

    assert answer.status_code == 400


# --- Lists


@pytest.mark.parametrize("place", PLACES)
def test_every_list_shows_its_rows_searches_sorts_filters_and_exports(admin, client, rows, place):
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


@pytest.mark.parametrize("place", [place for place in PLACES if place != "watchlist"])
def test_every_row_has_a_page(admin, rows, place):
    found = re.search(rf'/admin/{place}/details/\?[^"]*id=([^"&]+)', admin.get(f"{place}/").text)

    answer = admin.get(f"{place}/details/?id={found[1]}")

    assert answer.status_code == 200


@pytest.mark.parametrize("place", PLACES)
def test_stored_texts_are_never_markup(admin, rows, place):
    pages = [admin.get(f"{place}/").text]
    pages += [admin.get(path[7:]).text for path in details(pages[0])]

    for page in pages:
        assert "<script>alert" not in page
        assert "<b>ES</b>" not in page


def test_the_harmful_texts_are_there_escaped(admin, rows):
    for place in ("jobs", "signals", "changes", "dead-letters", "certificates"):
        assert unescape(EVIL) in unescape(admin.get(f"{place}/").text)


@pytest.mark.parametrize(
    "place", ["jobs", "results", "predictions", "snapshots", "certificates", "changes", "dead-letters"]
)
def test_what_is_true_can_not_be_touched_by_hand(admin, client, rows, place):
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
    assert row["Id"].isdecimal()


# --- Changes by hand


@pytest.mark.parametrize(
    ("place", "data", "entity", "change"),
    [
        ("markets", {"list_form_pk": "CME_Futures", "automated": ""}, "markets", {"automated": [True, False]}),
        ("contract-weights", {"list_form_pk": "us,ES,2025-03-07", "weight": "0.25"}, "contract_weights",
         {"weight": ["0.500000", "0.250000"]}),
        ("signal-weights", {"list_form_pk": "trend,2025-03-07", "weight": "1.5"}, "signal_weights",
         {"weight": ["1.000000", "1.500000"]}),
        ("instruments", {"list_form_pk": "ES", "watch_position": "2"}, "trading_instruments",
         {"watch_position": [0, 2]}),
        ("watchlist", {"list_form_pk": "ES", "watch_position": ""}, "trading_instruments",
         {"watch_position": [0, None]}),
    ],
)  # fmt: skip
def test_an_inline_edit_is_kept_and_recorded_with_before_and_after(
    admin, rows, changes, sessions, place, data, entity, change
):
    with sessions() as session:
        first = watchlist(session)[0]
    data = {name: first if value == "ES" else value for name, value in data.items()}

    answer = admin.post(f"{place}/ajax/update/", data)

    assert answer.status_code == 200, answer.text
    assert changes()[-1][0::2] == (entity, "edit")
    assert changes()[-1][3] == change


def test_a_model_is_switched_off(admin, rows, sessions, changes):
    with sessions() as session:
        model = session.scalar(select(PredictionModel.id))

    assert admin.post("models/ajax/update/", {"list_form_pk": model, "enabled": ""}).status_code == 200

    with sessions() as session:
        assert session.get(PredictionModel, model).enabled is False
    assert changes()[-1] == ("prediction_models", str(model), "edit", {"enabled": [True, False]})


def test_an_edit_that_the_rules_refuse_changes_nothing_and_says_why(admin, rows, changes, read):
    before = changes()

    answer = admin.post("signal-weights/ajax/update/", {"list_form_pk": "trend,2025-03-07", "weight": "9"})

    assert answer.status_code == 400
    assert answer.mimetype == "text/plain"
    assert "must lie within its bounds" in answer.text
    assert read(SignalWeight, ("trend", "2025-03-07")).weight == 1
    assert changes() == before


def test_an_edit_that_changes_nothing_is_not_recorded(admin, rows, changes):
    before = changes()

    assert admin.post("markets/ajax/update/", {"list_form_pk": "CME_Futures", "automated": "1"}).status_code == 200

    assert changes() == before


def test_an_edit_changes_only_what_the_form_has(admin, read, changes):
    fields = {"name": "E-mini", "tick_size": "0.5", "multiplier": "50", "schwab_symbol": "/ES", "tos_symbol": "/ES"}

    answer = admin.post("instruments/edit/?id=ES", {**fields, "symbol": "XX", "currency": "EUR"})

    assert answer.status_code == 302
    assert changes()[-1][:3] == ("trading_instruments", "ES", "edit")
    assert {"name", "tick_size"} <= set(changes()[-1][3])
    assert "currency" not in changes()[-1][3]


def test_weights_and_settings_are_added_and_taken_away_on_record(admin, rows, changes, read):
    weight = {"composite": "metals", "symbol": "GC", "valid_from": "2025-03-07", "weight": "-0.5"}
    assert admin.post("contract-weights/new/", weight).status_code == 302
    assert admin.post("contract-weights/delete/", {"id": "us,ES,2025-03-07"}).status_code == 302
    assert admin.post("settings/new/", {"name": "analysis.seed", "value": "7"}).status_code == 302
    assert admin.post("settings/edit/?id=analysis.seed", {"name": "analysis.fee", "value": "8"}).status_code == 302
    assert admin.post("settings/delete/", {"id": "analysis.equity"}).status_code == 302

    assert str(read(ContractWeight, ("metals", "GC", "2025-03-07")).weight) == "-0.500000"
    assert read(ContractWeight, ("us", "ES", "2025-03-07")) is None
    assert read(UserSetting, "analysis.seed").value == 8
    assert [change[:3] for change in changes()[1:]] == [
        ("contract_weights", "metals,GC,2025-03-07", "create"),
        ("contract_weights", "us,ES,2025-03-07", "delete"),
        ("user_settings", "analysis.seed", "create"),
        ("user_settings", "analysis.seed", "edit"),
        ("user_settings", "analysis.equity", "delete"),
    ]


@pytest.mark.parametrize("value", ["{", "NaN", "[" * 5000, '"x"', "1" * 20_000, "-5"])
def test_a_setting_that_can_not_be_is_refused(admin, changes, read, value):
    answer = admin.post("settings/new/", {"name": "analysis.equity", "value": value})

    assert answer.status_code == 200
    assert read(UserSetting, "analysis.equity") is None
    assert changes() == []


def test_the_change_and_its_record_are_one_transaction(admin, sessions, read, changes):
    with sessions.begin() as session:
        session.connection().exec_driver_sql("ALTER TABLE admin_changes ADD CONSTRAINT never CHECK (actor <> 'admin')")
    try:
        answer = admin.post("markets/ajax/update/", {"list_form_pk": "CME_Futures", "automated": ""})
    finally:
        with sessions.begin() as session:
            session.connection().exec_driver_sql("ALTER TABLE admin_changes DROP CONSTRAINT never")

    assert answer.status_code == 400
    assert read(Market, "CME_Futures").automated is True
    assert changes() == []


# --- Jobs

ASKED = {"kind": "single", "symbols": ["ES", "CL"], "timeframe": "30days", "parameters": '{"seed": 3}'}


def test_a_job_is_asked_for_sent_and_cancelled_on_record(admin, dispatch, read, changes):
    assert admin.post("jobs/new/", ASKED).status_code == 302
    (_, key, _, _) = changes()[-1]
    made = read(AnalysisJob, int(key))
    assert (made.kind, made.symbols, made.status, made.requested_by) == ("single", ["ES", "CL"], "pending", "admin")
    assert made.parameters["seed"] == 3
    assert dispatch.sent == [("run_job", made.id)]

    assert admin.post("jobs/action/", {"action": "cancel", "rowid": key}).status_code == 302

    assert read(AnalysisJob, int(key)).status == "cancelled"
    assert [change[2] for change in changes()] == ["create", "cancel"]
    assert changes()[-1][3]["status"] == ["pending", "cancelled"]


def test_a_job_is_run_again_and_retried(admin, dispatch, sessions, changes):
    with sessions.begin() as session:
        session.add(pending := job_row())
        session.add(failed := job_row(status="failed", error="x", finished_at=job_row().created_at, request_hash="1"))
    admin.post("jobs/action/", {"action": "run", "rowid": pending.id})
    admin.post(f"jobs/{failed.id}/retry", {"back": "1"})

    retried = dispatch.sent[-1][1]
    assert dispatch.sent == [("run_job", pending.id), ("run_job", retried)]
    assert retried not in (pending.id, failed.id)
    assert [change[1:3] for change in changes()] == [(str(pending.id), "run"), (str(retried), "retry")]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"symbols": []}, "required"),
        ({"symbols": ["ZZZ"]}, "not a valid choice"),
        ({"timeframe": "soon"}, "no length of time"),
        ({"parameters": '{"seed": -1}'}, "parameters.seed"),
        ({"parameters": '{"hack": 1}'}, "parameters.hack"),
        ({"parameters": "{"}, "not JSON"),
        ({"start_date": "2999-01-01", "timeframe": ""}, "in the future"),
        ({"start_date": "2025-01-01"}, "not both"),
    ],
)
def test_a_question_that_can_not_be_is_refused_with_the_reason(admin, dispatch, changes, told, words):
    answer = admin.post("jobs/new/", {**ASKED, **told})

    assert answer.status_code == 200
    assert words in unescape(answer.text)
    assert dispatch.sent == []
    assert changes() == []


def test_a_queue_that_is_away_loses_no_job(admin, dispatch, monkeypatch, changes, read):
    def away(_job_id):
        raise Unavailable("gone")

    monkeypatch.setattr(dispatch, "run_job", away)

    assert admin.post("jobs/new/", ASKED).status_code == 302

    assert read(AnalysisJob, int(changes()[-1][1])).status == "pending"
    assert "the queue is away" in admin.get("jobs/").text


def test_what_can_not_be_done_with_a_job_is_said(admin, rows, changes):
    before = changes()

    for action in ("run", "cancel", "retry"):
        admin.post("jobs/action/", {"action": action, "rowid": [str(rows), "999999", "x"]})

    page = admin.get("jobs/").text
    assert "is done and cannot be cancelled" in page
    assert "there is no job 999999" in page
    assert changes() == before


def test_the_page_of_a_job_has_the_report_and_one_that_runs_looks_again(admin, rows, sessions):
    with sessions.begin() as session:
        session.add(waiting := job_row())

    done, running = admin.get(f"jobs/details/?id={rows}").text, admin.get(f"jobs/details/?id={waiting.id}").text

    assert "<svg" in done
    assert 'data-figure="symbols/ES/volatility/realised"' in done
    assert 'http-equiv="refresh"' not in done
    assert 'http-equiv="refresh"' in running


def test_results_are_taken_away_as_files(admin, rows):
    page = admin.get(f"jobs/{rows}/report.html")
    text = admin.post("jobs/action/", {"action": "export_csv", "rowid": str(rows)})
    book = admin.post("jobs/action/", {"action": "export_xlsx", "rowid": str(rows)})
    both = admin.post("jobs/action/", {"action": "export_xlsx", "rowid": [str(rows), "0"]})

    assert page.headers["Content-Disposition"] == f'attachment; filename="job-{rows}.html"'
    assert "symbols/ES/volatility/realised" in text.text
    assert load_workbook(io.BytesIO(book.data)).sheetnames == ["Summary", "Figures", "Levels"]
    assert both.data[:2] == b"PK"


# --- Dead letters


def test_a_dead_letter_is_discarded_with_a_note_through_the_desk(admin, rows, sessions):
    with sessions() as session:
        letter = session.scalar(select(DeadLetter.id))

    admin.post("dead-letters/discard/", {"id": letter, "note": ""})
    assert state(sessions, letter) == "open"
    admin.post("dead-letters/discard/", {"id": letter, "note": "no tick"})

    assert state(sessions, letter) == "discarded"
    page = admin.get(f"dead-letters/details/?id={letter}").text
    assert "no tick" in page


def test_a_dead_letter_that_is_still_wrong_stays_open_and_says_so(admin, rows, sessions):
    with sessions() as session:
        letter = session.scalar(select(DeadLetter.id))

    admin.post("dead-letters/action/", {"action": "redrive", "rowid": letter})

    assert state(sessions, letter) == "open"
    assert f"Letter {letter}: " in admin.get("dead-letters/").text


# --- What the pages may do


def test_pages_may_load_from_here_alone_and_run_only_known_scripts(admin, rows):
    paths = ["", "jobs/", "jobs/new/", f"jobs/details/?id={rows}", "settings/", "instruments/", "settings/new/"]

    for path in paths:
        answer = admin.get(path)
        policy = answer.headers["Content-Security-Policy"]
        nonce = re.search(r"'nonce-([^']+)'", policy)[1]
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
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


def shown(answer):
    return len(re.findall(r"<tr>\s*<td", answer.text.split("model-list")[1].split("</table>")[0])) - (
        "empty" in answer.text and 'colspan="999"' in answer.text
    )


def details(page):
    return [unescape(path) for path in re.findall(r'href="(/admin/[a-z-]+/details/[^"]+)"', page)]


def state(sessions, letter):
    with sessions() as session:
        return session.get(DeadLetter, letter).state


def counted(sessions):
    with sessions() as session:
        jobs = sorted(session.execute(select(AnalysisJob.id, AnalysisJob.status)).all())
        markets = sorted(session.execute(select(Market.name, Market.automated)).all())
        return jobs, markets, sorted(session.scalars(select(DeadLetter.state)))


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
