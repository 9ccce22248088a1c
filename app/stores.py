"""The stores of a running application and the ways to them, put together once and passed to whoever needs them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from redis import Redis
from sqlalchemy.orm import Session, sessionmaker

from app.bus.connection import SOCKET_TIMEOUT_S
from app.clock import Clock
from app.dispatch import Dispatch
from app.instruments.hours import market_of
from app.lake.layout import Lake
from app.market.market import Market
from app.market.markets import Markets


class ConnectRedis(Protocol):
    """How to get a client of the bus."""

    def __call__(
        self, *, text: bool = True, socket_timeout_s: float = SOCKET_TIMEOUT_S, database: int | None = None
    ) -> Redis:
        """A client, replying in text or in bytes, of the bus or of another database of its server; Unavailable when
        there is no server to connect to."""


@dataclass(frozen=True)
class Stores:
    """Clock, stores and the way to the workers. Database sessions keep their rows usable after a commit."""

    clock: Clock
    sessions: sessionmaker[Session]
    connect_redis: ConnectRedis
    markets: Markets
    lake: Lake
    dispatch: Dispatch

    @property
    def market(self) -> Market:
        """The desk's market, whose trading days are those of ticks, files and partitions."""
        return self.markets.default

    def market_of(self, symbol: str) -> Market:
        """The market in whose hours a symbol trades, as `app.instruments.hours` tells it."""
        return market_of(self.markets, symbol)

    @cached_property
    def redis(self) -> Redis:
        """The bus, with replies in text; Unavailable when there is no server to connect to."""
        return self.connect_redis()

    @cached_property
    def raw_redis(self) -> Redis:
        """The bus, with replies in bytes."""
        return self.connect_redis(text=False)
