"""One source that is wanted on two hosts: the cable of the one that collects it is pulled, and put back."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from app.bus import keys
from app.bus.hashes import read_hash
from app.bus.stream import stream_state
from app.operations.wishes import SIMULATED
from tests.faults.harness.accounts import settle_accounts
from tests.faults.harness.pipeline import wait_drained
from tests.faults.harness.processes import flask_command
from tests.faults.harness.site import HOSTS, Site
from tests.faults.scenario import Outcome

SEVERAL: Final = 500
_LEASE: Final = keys.lease(SIMULATED)
_SPOOLED: Final = re.compile(r"SIMULATED stops: .*; (\d+) quotes wait in ")
_NUMBERS: Final = text(
    "SELECT seq >> 32, count(*), count(DISTINCT seq), max(seq & 4294967295) FROM ticks "
    "WHERE source = 'SIMULATED' GROUP BY 1 ORDER BY 1"
)


@dataclass(frozen=True)
class Published:
    """What is stored of one holder of the lease: rows, their different numbers, and the highest number given."""

    token: int
    rows: int
    numbers: int
    highest: int

    def wrong(self) -> list[str]:
        """What breaks the promise, as sentences."""
        found = {
            f"holder {self.token}: {self.highest - self.numbers:,} of {self.highest:,} quotes are not stored": (
                self.numbers != self.highest
            ),
            f"holder {self.token}: {self.rows - self.numbers:,} quotes are stored twice": self.rows != self.numbers,
        }
        return [sentence for sentence, holds in found.items() if holds]


@dataclass(frozen=True)
class Passed:
    """How a source went from a host that was cut off to another: quotes that the first spooled, those accepted under
    its number once its link was back, and how long it took."""

    first: str
    spooled: int
    stale: int
    took_s: float

    def wrong(self) -> list[str]:
        """What breaks the promise, as sentences."""
        found = [f"{self.stale} quotes of a fenced holder were accepted under its number"] if self.stale else []
        return found if self.spooled else [*found, "the one that was cut off had spooled nothing"]


def collect_on_both(own: Site, say: Callable[[str], None]) -> Outcome:
    """Collect, cut the holder off, mend the link, and have it collect again what waits on its disk."""
    _order(own, "--start")
    own.wait(lambda: own.holder(_LEASE) and own.world.stored() > SEVERAL, "collecting")
    passed = _pass_on(own, say)
    _come_home(own, passed.first)
    wrong = wait_drained(own.world)
    found, accounts = _numbers(own), settle_accounts(own.world, SIMULATED)
    wrong += [*passed.wrong(), *(sentence for one in found for sentence in one.wrong())]
    wrong += [] if accounts.verdicts == {"balanced"} else [f"the balance's verdicts are {sorted(accounts.verdicts)}"]
    wrong += [f"{accounts.lost} quotes count as lost"] if accounts.lost else []
    wrong += [f"{len(found)} holders published, expected 3"] if len(found) != 3 else []
    figures = {
        "collected": sum(one.rows for one in found),
        "of them spooled": passed.spooled,
        "collector there again after s": round(passed.took_s, 1),
        "stale accepted": passed.stale,
    }
    return Outcome(figures | {"collected twice": accounts.duplicates}, wrong)


def _pass_on(own: Site, say: Callable[[str], None]) -> Passed:
    first, token = own.holder(_LEASE), int(read_hash(own.world.stores.redis, _LEASE)["token"])
    own.hosts[first].cut()
    at = time.monotonic()
    own.wait(lambda: own.holder(_LEASE) == own.other(first), f"collecting on {own.other(first)}")
    took_s = time.monotonic() - at
    say(f"{first} was cut off, {own.other(first)} collects after {took_s:.1f} s")
    before = _stored_of(own)
    own.wait(lambda: _stored_of(own) > before + SEVERAL, f"quotes of {own.other(first)}")
    since = stream_state(own.world.stores.redis).last_id
    own.hosts[first].mend()
    own.wait(lambda: _SPOOLED.search(own.log(first, "collectors")), f"{first} is refused")
    spooled = int(_SPOOLED.findall(own.log(first, "collectors"))[0])
    return Passed(first, spooled, _under(own, token, since), took_s)


def _come_home(own: Site, first: str) -> None:
    own.end(own.other(first), "collectors")
    own.wait(lambda: own.holder(_LEASE) == first, f"collecting on {first} again")
    health = keys.health(SIMULATED)
    own.wait(lambda: read_hash(own.world.stores.redis, health).get("spooled") == "0", "an empty spool")
    _order(own, "--stop")
    own.wait(lambda: not own.holder(_LEASE), "no collecting")


def _order(own: Site, option: str) -> None:
    environment = own.environment(HOSTS[0])
    command = flask_command("collectors", option, SIMULATED, "--json")
    code, said = own.hosts[HOSTS[0]].run(command, environment)
    assert code == 0, said
    assert json.loads(said[said.index("{") :])["collectors"], said


def _stored_of(own: Site) -> int:
    with own.world.sessions() as session:
        return int(session.scalar(text("SELECT count(*) FROM ticks WHERE source = 'SIMULATED'")) or 0)


def _numbers(own: Site) -> list[Published]:
    with own.world.sessions() as session:
        return [Published(*map(int, row)) for row in session.execute(_NUMBERS)]


def _under(own: Site, token: int, since: str) -> int:
    entries = own.world.stores.redis.xrange(keys.STREAM, f"({since}")
    return sum(int(words["seq"]) >> 32 == token for _id, words in entries)
