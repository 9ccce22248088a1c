"""Leases: one holder per source, and a fencing token that only ever grows."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import getnode, uuid4

import psutil
from redis import Redis

from app.bus.hashes import read_hash
from app.errors import Conflict

LEASE_TTL_S = 10.0
TOKEN_EPOCH_S = 1_577_836_800  # 2020-01-01T00:00:00Z: tokens are seconds since then or more, and fit 31 bits to 2088.
_SAME_START_S = 2.0

# KEYS: lease, highest token.
# ARGV: ttl_ms, host, realm, pid, started, attempt, token to displace or '', token to exceed.
# The answer to an attempt may get lost on its way: the same attempt again finds that it has succeeded.
_ACQUIRE = f"""
local held = redis.call('HGET', KEYS[1], 'token')
if held and redis.call('HGET', KEYS[1], 'attempt') == ARGV[6] then return {{1, held}} end
if held and held ~= ARGV[7] then return {{0, held}} end
local floor = tonumber(redis.call('TIME')[1]) - {TOKEN_EPOCH_S}
local token = math.max(tonumber(redis.call('GET', KEYS[2]) or '0') + 1, tonumber(ARGV[8]) + 1, floor)
redis.call('SET', KEYS[2], token)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'token', token, 'host', ARGV[2], 'realm', ARGV[3], 'pid', ARGV[4], 'started', ARGV[5],
    'attempt', ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {{1, tostring(token)}}
"""
# KEYS: lease. ARGV: token, and to renew ttl_ms.
_IF_OURS = "if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end "
_RENEW = f"{_IF_OURS} return redis.call('PEXPIRE', KEYS[1], ARGV[2])"
_RELEASE = f"{_IF_OURS} return redis.call('DEL', KEYS[1])"


@dataclass(frozen=True)
class Lease:
    """The right to act under `key` until it expires. `token` grows with every holder.

    After a flush of the server it goes on from the server's clock, so it grows unless there was more than one holder
    a second.
    """

    key: str
    token: int


def acquire(
    client: Redis, key: str, epoch_key: str, *, ttl_s: float = LEASE_TTL_S, attempt: str | None = None, above: int = 0
) -> Lease:
    """Take the lease; Conflict, naming the holder, while another live process has it.

    A holder that was a process of this machine, and is gone, is displaced at once instead of after `ttl_s`. Where the
    answer may get lost, give the same unique `attempt` at every try: the lease that it got is found again. The token is
    higher than `above`, whatever the server has forgotten. `client` replies in text.
    """
    words = (int(ttl_s * 1000), *_identity(), attempt or uuid4().hex)
    lease = _try(client, key, epoch_key, *words, "", above)
    if lease:
        return lease
    holder = read_hash(client, key)
    if not holder or _is_dead(holder):
        lease = _try(client, key, epoch_key, *words, holder.get("token", ""), above)
    if lease is None:
        where = f"process {holder.get('pid', '?')} on {holder.get('host', '?')}"
        raise Conflict(f"{key} is held by {where}: stop it first, or wait {ttl_s:.0f} s after it has died")
    return lease


def renew(client: Redis, lease: Lease, *, ttl_s: float = LEASE_TTL_S) -> bool:
    """Keep the lease for another `ttl_s`; False when it is no longer ours."""
    return bool(client.eval(_RENEW, 1, lease.key, lease.token, int(ttl_s * 1000)))


def release(client: Redis, lease: Lease) -> None:
    """Give the lease back, if it is still ours."""
    client.eval(_RELEASE, 1, lease.key, lease.token)


def _try(client: Redis, key: str, epoch_key: str, *words: str | int) -> Lease | None:
    taken, token = client.eval(_ACQUIRE, 2, key, epoch_key, *words)
    return Lease(key, int(token)) if taken else None


def _identity() -> tuple[str, str, int, str]:
    return socket.gethostname(), _realm(), os.getpid(), f"{_started_s(os.getpid()):.2f}"


def _realm() -> str:
    # Where a process's number names it, and no other: machines may share a name, and containers have numbers of their
    # own.
    try:
        start = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        numbers = str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # Another system than Linux.
        start, numbers = f"{getnode():x}", ""
    return f"{socket.gethostname()} {start} {numbers}"


def _is_dead(holder: Mapping[str, str]) -> bool:
    if holder.get("realm") != _realm():
        return False
    try:
        process = psutil.Process(int(holder["pid"]))
        same = abs(_started_s(process.pid) - float(holder["started"])) < _SAME_START_S
        return not same or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:  # It is there, and not ours to look at.
        return False


def _started_s(pid: int) -> float:
    # Since the machine's start, because the clock may be set while a process runs.
    return psutil.Process(pid).create_time() - psutil.boot_time()
