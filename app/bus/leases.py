"""Leases: one holder per source, and a fencing token that only ever grows."""

import os
import socket
from dataclasses import dataclass

import psutil
from redis import Redis

from app.errors import Conflict

LEASE_TTL_S = 10.0
TOKEN_EPOCH_S = 1_577_836_800  # 2020-01-01T00:00:00Z: tokens are seconds since then or more, and fit 31 bits to 2088.

# KEYS: lease, highest token. ARGV: ttl_ms, host, pid, started, token to displace or ''.
_ACQUIRE = f"""
local held = redis.call('HGET', KEYS[1], 'token')
if held and held ~= ARGV[5] then return {{0, held}} end
local floor = tonumber(redis.call('TIME')[1]) - {TOKEN_EPOCH_S}
local token = math.max(tonumber(redis.call('GET', KEYS[2]) or '0') + 1, floor)
redis.call('SET', KEYS[2], token)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'token', token, 'host', ARGV[2], 'pid', ARGV[3], 'started', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {{1, tostring(token)}}
"""
# KEYS: lease. ARGV: token, ttl_ms.
_RENEW = "if redis.call('HGET', KEYS[1], 'token') == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
_RELEASE = "if redis.call('HGET', KEYS[1], 'token') == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


@dataclass(frozen=True)
class Lease:
    """The right to act under `key` until it expires; `token` grows with every holder, also after a flush."""

    key: str
    token: int


def acquire(client: Redis, key: str, epoch_key: str, *, ttl_s: float = LEASE_TTL_S) -> Lease:
    """Take the lease; Conflict, naming the holder, while another live process has it.

    A holder on this machine whose process is gone is displaced at once instead of after `ttl_s`.
    """
    lease = _try(client, key, epoch_key, ttl_s, displace="")
    if lease:
        return lease
    holder = client.hgetall(key)
    if _is_dead(holder):
        lease = _try(client, key, epoch_key, ttl_s, displace=holder["token"])
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


def _try(client: Redis, key: str, epoch_key: str, ttl_s: float, displace: str) -> Lease | None:
    started = psutil.Process().create_time()
    taken, token = client.eval(
        _ACQUIRE, 2, key, epoch_key, int(ttl_s * 1000), _host(), os.getpid(), f"{started:.2f}", displace
    )
    return Lease(key, int(token)) if taken else None


def _is_dead(holder: dict[str, str]) -> bool:
    if holder.get("host") != _host():
        return False
    try:
        process = psutil.Process(int(holder["pid"]))
        alive = process.status() != psutil.STATUS_ZOMBIE and f"{process.create_time():.2f}" == holder["started"]
    except psutil.NoSuchProcess:
        return True
    return not alive


def _host() -> str:
    return socket.gethostname()
