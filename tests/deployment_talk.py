"""Talking to the services of a deployment: by HTTP, by their logs, and to what they store."""

import base64
import json
import re
import urllib.error
import urllib.request
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.market.markets import market
from tests.deployment import Deployment
from tests.guards.compose import services

RUNNING = [name for name, told in services().items() if told["image"].startswith("thor") and "healthcheck" in told]
# Run with a trading day by an operator: the worker of the queue exports it.
EXPORT = """
import sys
from datetime import date
from wsgi import app
from app.runtime import EXTENSION
app.extensions[EXTENSION].dispatch.export_session("CME_Futures", date.fromisoformat(sys.argv[1]))
"""


def last_days(count: int) -> list[date]:
    """So many trading days that are over, oldest first."""
    now = datetime.now(UTC)
    days = market().sessions((now - timedelta(days=10 + 2 * count)).date(), now.date())
    return [one.day for one in days if one.close < now][-count:]


def record(made: Deployment, day: date, first_seq: int, trades: int) -> str:
    """A recording of a day's trades of ES, ten seconds apart, where services can read it."""
    start = datetime(day.year, day.month, day.day, 15, tzinfo=UTC)
    lines = ["symbol,ts,seq,last,volume,trade"]
    for number in range(trades):
        at = (start + timedelta(seconds=10 * number)).isoformat().replace("+00:00", "Z")
        lines.append(f"ES,{at},{first_seq + number},{6700 + number * 7 % 13 * 0.25},{number + 1},true")
    place = made.folder / "state" / f"{day}.csv"
    place.write_text("\n".join(lines) + "\n")
    return str(place)


def count(made: Deployment, rows: str) -> int:
    """How many there are of `table WHERE …`."""
    with closing(made.postgres("superuser")) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {rows}")
        return int(cursor.fetchone()[0])


def ask(made: Deployment, path: str, body: object = None, method: str | None = None) -> Any:
    """What the web server answers; AssertionError when it refuses."""
    status, found = answer(made, "8000", path, body, method)
    assert 200 <= status < 300, (path, status, found[:500])
    return json.loads(found)


def answer(
    made: Deployment, port: str, path: str, body: object = None, method: str | None = None, password: str = ""
) -> tuple[int, bytes]:
    """The status and the body that a service answers with; 0 and nothing while it does not."""
    headers = {"Content-Type": "application/json"}
    if password:
        headers["Authorization"] = f"Basic {base64.b64encode(password.encode()).decode()}"
    elif made.api_key and port == "8000":
        headers["Authorization"] = f"Bearer {made.api_key}"
    sent = None if body is None else json.dumps(body).encode()
    address = f"http://127.0.0.1:{made.ports[port]}{path}"
    wanted = urllib.request.Request(address, sent, headers, method=method or ("POST" if sent else "GET"))
    try:
        with urllib.request.urlopen(wanted, timeout=20) as found:
            return found.status, found.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


def new_key(made: Deployment) -> str:
    """A key of an operator, as the desk makes it."""
    done = made.run("desk", ["flask", "key", "add", "tests", "--role=operator"])
    [key] = re.findall(r"thor_\S+", done.stdout)
    return str(key)


def denials(made: Deployment) -> list[str]:
    """What anybody was denied by one of the servers, by what Redis remembers and what the services have said."""
    with made.redis("admin") as client:
        by_redis = [f"{entry['username']}: {entry['reason']} {entry['object']}" for entry in client.acl_log()]
    pattern = r"permission denied for [^\\\"]+|has no permissions to [^\\\"]+|No permissions to [^\\\"]+"
    return by_redis + [f"{name}: {found}" for name in made.processes for found in re.findall(pattern, made.log(name))]
