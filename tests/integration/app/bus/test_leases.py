import os
import socket
import subprocess
import sys
import time

import pytest

from app.bus.connection import connect
from app.bus.leases import LEASE_TTL_S, Lease, acquire, release, renew
from app.errors import Conflict
from tests.proxy import relayed
from tests.servers import ROOT

KEY, EPOCH = "collector:TEST:lease", "collector:TEST:epoch"
HOLDER = """
import time
from app.bus.connection import connect
from app.bus.leases import acquire
acquire(connect("{url}"), "{key}", "{epoch}")
print("taken", flush=True)
time.sleep(60)
"""


def take(client, **options):
    return acquire(client, KEY, EPOCH, **options)


def test_the_lease_says_who_holds_it_and_expires_by_itself(bus):
    lease = take(bus)

    held = bus.hgetall(KEY)
    assert (held["token"], held["pid"], held["host"]) == (str(lease.token), str(os.getpid()), socket.gethostname())
    assert 0 < bus.pttl(KEY) <= LEASE_TTL_S * 1000


def test_a_second_holder_is_refused_and_told_who_holds_it(bus):
    take(bus)

    with pytest.raises(Conflict, match=rf"{KEY} is held by process {os.getpid()} on {socket.gethostname()}"):
        take(bus)


def test_a_holder_of_another_machine_is_never_taken_for_dead(bus):
    take(bus)
    bus.hset(KEY, mapping={"host": "elsewhere", "realm": "elsewhere 1 pid:[1]", "pid": "999999"})

    with pytest.raises(Conflict, match="process 999999 on elsewhere"):
        take(bus)


@pytest.mark.skipif(sys.platform != "linux", reason="needs namespaces of numbers")
@pytest.mark.parametrize("part", [1, 2], ids=["another start of a machine", "another container"])
def test_a_holder_of_another_machine_or_container_with_the_same_name_is_never_taken_for_dead(bus, part):
    take(bus)
    words = bus.hget(KEY, "realm").split(" ")
    words[part] = "another"
    bus.hset(KEY, mapping={"realm": " ".join(words), "pid": "999999"})

    with pytest.raises(Conflict, match=f"process 999999 on {socket.gethostname()}"):
        take(bus)


def test_a_holder_that_does_not_say_where_its_number_is_good_is_never_taken_for_dead(bus):
    take(bus)
    bus.hset(KEY, "pid", "999999")
    bus.hdel(KEY, "realm")

    with pytest.raises(Conflict, match="process 999999"):
        take(bus)


def test_a_holder_that_was_killed_is_displaced_at_once(bus, redis_url):
    program = HOLDER.format(url=redis_url, key=KEY, epoch=EPOCH)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT) as holder:
        assert holder.stdout.readline() == b"taken\n"
        first = int(bus.hget(KEY, "token"))
        with pytest.raises(Conflict, match=f"process {holder.pid} on"):
            take(bus)

        holder.kill()
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # Dead, and still in the table of processes.
        second = take(bus)

    assert second.token > first


def test_a_holder_whose_number_another_process_has_now_is_displaced_at_once(bus):
    first = take(bus)
    bus.hset(KEY, "started", "1.00")

    assert take(bus).token > first.token


def test_the_token_grows_with_every_holder(bus):
    first = take(bus)
    release(bus, first)
    second = take(bus)
    bus.delete(KEY)  # As if it had expired.
    third = take(bus)

    assert first.token < second.token < third.token


def test_the_token_grows_over_a_flush_of_the_server(bus):
    first = take(bus)
    began_s = bus.time()[0]

    bus.flushdb()
    while bus.time()[0] == began_s:
        time.sleep(0.01)

    assert take(bus).token > first.token


def test_an_expired_lease_is_free(bus):
    first = take(bus, ttl_s=0.001)
    while bus.exists(KEY):
        time.sleep(0.001)

    assert take(bus).token > first.token


def test_renewing_keeps_the_lease(bus):
    lease = take(bus, ttl_s=5)

    assert renew(bus, lease, ttl_s=60)
    assert bus.pttl(KEY) > 5_000


def test_renewing_a_lease_that_was_lost_does_nothing(bus):
    lost = take(bus)
    bus.delete(KEY)

    assert not renew(bus, lost)
    assert not bus.exists(KEY)


def test_a_former_holder_neither_renews_nor_releases_its_successors_lease(bus):
    former = take(bus)
    bus.delete(KEY)
    successor = take(bus, ttl_s=5)

    assert not renew(bus, former, ttl_s=60)
    release(bus, former)

    assert bus.hget(KEY, "token") == str(successor.token)
    assert bus.pttl(KEY) <= 5_000


def test_a_lease_whose_answer_got_lost_is_ours_all_the_same(bus, redis_url):
    with relayed(redis_url) as relay, connect(relay.url) as client:
        client.ping()
        relay.lose_next_answer()

        lease = take(client)

    assert bus.hget(KEY, "token") == str(lease.token)
    assert lease == Lease(KEY, int(bus.get(EPOCH)))


def test_the_same_attempt_finds_the_lease_that_it_got(bus):
    lease = take(bus, attempt="mine")

    assert take(bus, attempt="mine") == lease
    with pytest.raises(Conflict):
        take(bus, attempt="another")


def test_a_token_exceeds_what_the_server_has_forgotten(bus):
    first = take(bus)
    bus.flushdb()

    assert take(bus, above=first.token + 1_000).token == first.token + 1_001
