import re

import httpx
import pytest

from app.client import thor as module
from app.client.thor import Thor
from tests.factories import quote
from tests.ticks import store_quotes
from tests.tree import ROOT

TEXT = (ROOT / "docs/api.md").read_text()
[PYTHON] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_the_program_of_the_document_runs(app, sessions, monkeypatch, capsys):
    store_quotes(sessions, [quote(seq=1)])

    def local(url=module.URL, key=None, **told):
        return Thor(url, key, transport=httpx.WSGITransport(app), **told)

    monkeypatch.setattr(module, "Thor", local)

    exec(compile(PYTHON, "docs/api.md", "exec"), {})

    assert re.search(r"(OPEN|CLOSED|HOLIDAY|\w+) \['ES', 'NQ'\]|\w+ \[\]", capsys.readouterr().out)


def test_lists_have_the_same_names_for_pages_and_limits(client):
    spec = client.get("/openapi.json").json
    paged = {}
    for path, operations in spec["paths"].items():
        names = {one["name"] for one in operations.get("get", {}).get("parameters", []) if one["in"] == "query"}
        if names & {"cursor", "limit", "page", "offset", "before", "after", "per_page"}:
            paged[path] = names

    assert len(paged) >= 8
    assert {path: names & {"page", "offset", "before", "after", "per_page"} for path, names in paged.items()} == {
        path: set() for path in paged
    }


@pytest.mark.parametrize("path", ["/api/jobs", "/api/quotes", "/api/alerts", "/api/lake", "/api/audit"])
def test_an_unknown_or_doubled_parameter_is_an_error(client, path):
    assert client.get(f"{path}?colour=red").status_code in (400, 401)
    assert client.get(f"{path}?limit=1&limit=2").status_code in (400, 401)
