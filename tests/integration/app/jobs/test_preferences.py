from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from app.analysis.question import Parameters
from app.errors import Conflict, NotFound, Rejected
from app.jobs.models import UserSetting
from app.jobs.preferences import NAMES, drop_preference, filled_in, list_preferences, set_preference

NOW = datetime(2025, 10, 9, 15, 30, tzinfo=UTC)


def test_every_parameter_of_an_analysis_has_a_setting():
    assert [name.removeprefix("analysis.") for name in NAMES] == list(Parameters.model_fields)


def test_a_setting_is_kept_replaced_and_dropped(db_session):
    set_preference(db_session, "analysis.equity", 250_000, NOW)
    set_preference(db_session, "analysis.equity", 300_000, NOW)
    set_preference(db_session, "analysis.horizons", ["5m"], NOW)

    both = list_preferences(db_session)
    drop_preference(db_session, "analysis.equity")

    assert both == {"analysis.equity": 300_000.0, "analysis.horizons": ["5m"]}
    assert list_preferences(db_session) == {"analysis.horizons": ["5m"]}


@pytest.mark.parametrize(
    ("name", "value", "kind", "words"),
    [
        ("analysis.equity", -1, Rejected, "equity: Input should be greater than 0"),
        ("analysis.equity", "much", Rejected, "equity: "),
        ("analysis.fees", 1, NotFound, "there is no setting 'analysis.fees'"),
        ("equity", 1, NotFound, "there is no setting 'equity'"),
    ],
)
def test_what_cannot_be_a_setting_is_refused(db_session, name, value, kind, words):
    with pytest.raises(kind, match=words):
        set_preference(db_session, name, value, NOW)


def test_what_was_asked_for_wins_also_where_it_is_nothing(db_session):
    set_preference(db_session, "analysis.margin", 20_000, NOW)
    set_preference(db_session, "analysis.source", "SCHWAB", NOW)

    found = filled_in(db_session, Parameters.model_validate({"source": None}))

    assert (found.source, found.margin) == (None, 20_000)


def test_a_setting_that_no_parameter_can_have_is_named(db_session):
    db_session.execute(insert(UserSetting).values(name="analysis.equity", value=-5, updated_at=NOW))

    with pytest.raises(Conflict, match=r"the setting analysis\.equity cannot be used"):
        filled_in(db_session, Parameters.model_validate({}))
    assert filled_in(db_session, Parameters.model_validate({"equity": 5})).equity == 5
