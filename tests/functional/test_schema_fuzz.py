import pytest
import schemathesis

from app.access.roles import Role
from tests.faults.harness.fuzzing import Fuzzed, configured, fuzz
from tests.faults.scenarios.fuzz_api import SETTINGS, fill_desk
from tests.functional.web_server import serve
from tests.keyed_client import bearing, make_key

SEED = 20_251_009


@pytest.fixture
def url(rt, web_settings, log_file):
    fill_desk(rt, ticks=20)
    wanted = {name.upper(): value for name, value in SETTINGS.items()} | {"ANONYMOUS_READS": "false"}
    with serve(log_file, web_settings | wanted) as web:
        yield web.url


@pytest.mark.parametrize(("phases", "examples"), [(("examples", "fuzzing"), 4), (("stateful",), 20)])
def test_every_answer_to_made_up_requests_is_one_that_the_specification_tells_of(url, rt, phases, examples):
    found, key = Fuzzed(), bearing(make_key(rt, Role.ADMIN))
    schema = schemathesis.openapi.from_url(
        f"{url}/openapi.json", config=configured(SEED, examples, key, phases), headers=key
    )

    fuzz(schema, found)

    assert found.broken == {}
    assert found.sent > 150
    assert {200, 400, 401, 404} < set(found.statuses)
    assert (found.linked > 0) == ("stateful" in phases)
