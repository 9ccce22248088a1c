import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from app.alerts.models import Alert
from app.bus import keys
from app.bus.hashes import read_hash
from app.desk.models import Market
from app.errors import Unavailable
from app.instruments.models import ContractWeight, SignalWeight
from app.instruments.store import watchlist
from app.jobs.models import PredictionModel, UserSetting
from app.operations.wishes import SIMULATED, want_in_session
from app.runtime import EXTENSION
from tests.desk_days import watch_only


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


def test_the_page_of_the_first_place_shows_it_and_saving_it_changes_nothing(admin, sessions, changes):
    with sessions() as session:
        first = watchlist(session)[0]

    page = admin.get(f"watchlist/edit/?id={first}").text
    shown = re.search(r'name="watch_position"[^>]* value="([^"]*)"', page)[1]
    admin.post(f"watchlist/edit/?id={first}", {"watch_position": shown})

    assert shown == "0"
    assert changes() == []


@pytest.mark.parametrize("place", ["abc", "-1", "500", "1e", "٣", "1.5"])
def test_what_is_no_place_does_not_take_a_symbol_out_of_the_watchlist(admin, sessions, changes, place):
    with sessions() as session:
        before = watchlist(session)

    answer = admin.post("watchlist/ajax/update/", {"list_form_pk": before[0], "watch_position": place})

    assert answer.status_code == 400
    assert "from 0 to 499" in answer.text
    with sessions() as session:
        assert watchlist(session) == before
    assert changes() == []


@pytest.mark.parametrize(
    ("place", "data"),
    [
        ("contract-weights/edit/?id=us,ES,2025-03-07", {"weight": "0.125", "symbol": "XX", "composite": "other"}),
        ("signal-weights/edit/?id=trend,2025-03-07",
         {"weight": "1.25", "min_weight": "0", "max_weight": "2", "signal": "other"}),
    ],
)  # fmt: skip
def test_the_page_of_a_weight_changes_the_weight_and_not_what_it_is_of(admin, rows, changes, place, data):
    assert admin.post(place, data).status_code == 302

    assert changes()[-1][2] == "edit"
    assert {"weight"} <= set(changes()[-1][3]) <= {"weight", "min_weight", "max_weight"}


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
    assert admin.post("settings/edit/?id=analysis..seed", {"name": "analysis.fee", "value": "8"}).status_code == 302
    assert admin.post("settings/delete/", {"id": "analysis..equity"}).status_code == 302

    assert str(read(ContractWeight, ("metals", "GC", "2025-03-07")).weight) == "-0.500000"
    assert read(ContractWeight, ("us", "ES", "2025-03-07")) is None
    assert read(UserSetting, "analysis.seed").value == 8
    assert [change[:3] for change in changes()[1:]] == [
        ("contract_weights", "metals/GC/2025-03-07", "create"),
        ("contract_weights", "us/ES/2025-03-07", "delete"),
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
        session.connection().exec_driver_sql(
            "ALTER TABLE admin_changes ADD CONSTRAINT never CHECK (actor <> 'user admin')"
        )
    try:
        answer = admin.post("markets/ajax/update/", {"list_form_pk": "CME_Futures", "automated": ""})
    finally:
        with sessions.begin() as session:
            session.connection().exec_driver_sql("ALTER TABLE admin_changes DROP CONSTRAINT never")

    assert answer.status_code == 400
    assert read(Market, "CME_Futures").automated is True
    assert changes() == []


def test_alerts_are_acknowledged_and_resolved_on_record(admin, rows, changes, read, sessions):
    with sessions() as session:
        [number] = session.scalars(select(Alert.id))

    for what in ("acknowledge", "resolve", "resolve"):
        assert admin.post("alerts/action/", {"action": what, "rowid": str(number)}).status_code == 302

    alert = read(Alert, number)
    assert (alert.acknowledged_by, alert.resolved_by) == ("user admin", "user admin")
    assert [change[:3] for change in changes()[1:]] == [
        ("alerts", str(number), "acknowledge"),
        ("alerts", str(number), "resolve"),
    ]
    assert changes()[1][3]["acknowledged_by"] == ["", "user admin"]
    assert "nothing is to be done" in admin.get("alerts/").text


@pytest.mark.parametrize("place", ["alert-deliveries", "premarket-reports", "premarket-stages", "scores"])
def test_what_was_found_and_sent_cannot_be_changed(admin, rows, place):
    for what in ("new", "edit", "delete"):
        assert admin.post(f"{place}/{what}/", {"id": "1"}).status_code in (302, 404, 405)
        assert admin.get(f"{place}/{what}/?id=1").status_code in (302, 404, 405)


@pytest.mark.parametrize("place", ["watchlist", "instruments"])
def test_collectors_that_follow_the_watchlist_begin_anew_with_one_that_was_changed(admin, rt, bus, place):
    watch_only(rt, "ES", "NQ")
    want_in_session(rt, SIMULATED)

    admin.post(f"{place}/ajax/update/", {"list_form_pk": "NQ", "watch_position": ""})

    wish = read_hash(bus, keys.desired(SIMULATED))
    assert (wish["symbols"], "restart_ms" in wish) == ("ES", True)


def test_another_order_of_the_watchlist_restarts_no_collector(admin, rt, bus):
    watch_only(rt, "ES", "NQ")
    want_in_session(rt, SIMULATED)

    admin.post("watchlist/ajax/update/", {"list_form_pk": "NQ", "watch_position": "0"})

    with rt.sessions() as session:
        assert watchlist(session) == ["NQ", "ES"]
    assert "restart_ms" not in read_hash(bus, keys.desired(SIMULATED))


def test_a_watchlist_that_the_collectors_could_not_be_told_of_is_kept_and_said(admin, app, rt, bus):
    watch_only(rt, "ES", "NQ")
    app.wsgi_app.inner.admin().extensions[EXTENSION] = replace(rt, connect_redis=refuse)

    admin.post("watchlist/ajax/update/", {"list_form_pk": "NQ", "watch_position": ""})

    with rt.sessions() as session:
        assert watchlist(session) == ["ES"]
    assert "take the watchlist up when they start again" in admin.get("watchlist/").text


def refuse(**_options):
    raise Unavailable("Redis is away")
