"""A client that does what a browser does in the admin, and ways to look at pages."""

import re
from html import unescape

from sqlalchemy import select

from app.desk.models import Market
from app.jobs.models import AnalysisJob
from app.ledger.models import DeadLetter

PASSWORD = "correct horse battery"
PLACES = (
    "jobs", "results", "signals", "predictions", "scores", "models", "watchlist", "instruments", "contract-weights",
    "signal-weights", "markets", "alerts", "alert-deliveries", "premarket-reports", "premarket-stages", "snapshots",
    "certificates", "dead-letters", "settings", "changes", "users", "keys", "audit",
)  # fmt: skip
# What a browser says of a form that it sends from a page of the same server.
OWN_PAGE = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
FORGED = "IjEi.forged.forged"


class Browser:
    """A client that is logged in and sends the token of its session, as the pages do."""

    def __init__(self, client):
        self.client = client
        self.token = None

    def log_in(self, password=PASSWORD, name="admin", **told):
        answer = self.client.post("/login", data={"name": name, "password": password, **told}, headers=OWN_PAGE)
        if answer.status_code == 303:
            self.token = token_of(self.client.get("/admin/settings/new/").text)
        return answer

    def log_out(self):
        return self.client.post("/logout", headers=OWN_PAGE)

    def get(self, path, **told):
        return self.client.get(f"/admin/{path}", **told)

    def post(self, path, data, token=None):
        data = {"csrf_token": token or self.token, **data}
        return self.client.post(f"/admin/{path}", data=data, headers=OWN_PAGE)


def token_of(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


def views(client):
    made = client.application.wsgi_app.inner.admin()
    return {view.endpoint: view for view in made.extensions["admin"][0]._views}


def routes(client, method):
    made = client.application.wsgi_app.inner.admin()
    with made.test_request_context():
        adapter = made.url_map.bind("localhost")
        values = {"job_id": 1, "what": "run", "export_type": "csv", "filename": "x"}
        values |= {"market": "CME_Futures", "day": "2025-10-09"}
        return [
            adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments}, method=method)
            for rule in made.url_map.iter_rules()
            if method in rule.methods and not rule.endpoint.endswith("static")
        ]


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
