"""A desk whose live source is the stand-in for Schwab, for the tests that import these fixtures."""

from collections.abc import Iterator

import pytest

from app.settings import Settings, load_settings
from tests.schwab.standin import StandIn


@pytest.fixture
def schwab() -> Iterator[StandIn]:
    """The stand-in at work."""
    with StandIn() as running:
        yield running


@pytest.fixture
def settings(settings: Settings, schwab: StandIn) -> Settings:
    """The application's settings with those of an application that the stand-in knows."""
    told = {
        "schwab_client_id": schwab.client_id,
        "schwab_client_secret": schwab.client_secret,
        "schwab_redirect_uri": schwab.redirect_uri,
        "schwab_api_url": schwab.api_url,
        "session_sources": "SCHWAB",
    }
    checked = load_settings(_env_file=None, **told)
    return settings.model_copy(update=checked.model_dump(include=set(told)))
