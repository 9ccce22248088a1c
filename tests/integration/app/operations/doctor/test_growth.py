from datetime import timedelta

from app.lake.layout import Lake
from app.operations.doctor.growth import daily_growth
from tests.factories import DAY, quotes
from tests.lake_days import export_quotes
from tests.ticks import store_quotes


def test_nothing_is_known_before_the_first_day(sessions):
    with sessions() as session:
        assert daily_growth(session) == {}


def test_what_a_day_adds_is_the_mean_of_the_days_that_have_ticks(sessions, tmp_path):
    sizes = [
        export_quotes(sessions, Lake(tmp_path), quotes(count, session_date=DAY - timedelta(days=ago))).bytes
        for ago, count in ((0, 10), (1, 2000))
    ]
    store_quotes(sessions, quotes(500))

    with sessions() as session:
        growth = daily_growth(session)

    assert growth["lake"] == sum(sizes) / 2
    assert growth["postgres"] > 500 * 100
