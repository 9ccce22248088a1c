"""The settings of the servers and of who reaches them."""

from functools import cached_property
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.exposure import LOOPBACK_NAMES
from app.setting_types import PROJECT, Folder, OriginNames, PostgresUrl, RedisUrl


class ServerSettings(BaseSettings):
    """Where the servers are, what the web server listens on, and what it grants."""

    model_config = SettingsConfigDict(
        frozen=True, env_ignore_empty=True, env_file=PROJECT / ".env", extra="forbid", hide_input_in_errors=True
    )

    database_url: PostgresUrl | None = Field(None, description="PostgreSQL; unset: `flask up` runs its own")
    redis_url: RedisUrl | None = Field(
        None, description="Redis 7 or Valkey, appendonly yes; unset: `flask up` runs its own"
    )
    state_dir: Folder = Field(
        Path("var"), description="embedded servers, their secrets, and what runs", validate_default=True
    )
    data_dir: Folder | None = Field(None, description="the lake of Parquet files; unset: STATE_DIR/data")
    thor_pg_bin: Folder | None = Field(None, description="folder with PostgreSQL 18's programs; unset: from the wheel")

    web_host: str = Field("127.0.0.1", description="address that the web server listens on")
    web_port: int | None = Field(None, ge=1, le=65535, description="web port; unset: 8000, or a free one")
    flower_port: int | None = Field(None, ge=1, le=65535, description="Flower's port; unset: 5555, or a free one")
    web_threads: int = Field(256, ge=40, le=2000, description="threads of the web server; each SSE client takes one")

    web_hosts: str = Field(
        "",
        description="names, separated by commas, under which browsers of other machines log in; unset: none do",
    )
    anonymous_reads: bool | None = Field(
        None, description="whether programs of this machine read without a key; unset: only where WEB_HOST is loopback"
    )

    cors_origins: OriginNames = Field(
        "", description="web pages, separated by commas, that may read the API from elsewhere; unset: none"
    )
    rate_limit_per_s: float = Field(
        100.0, gt=0, le=100_000, allow_inf_nan=False, description="requests a second that a caller may send"
    )
    write_limit_per_s: float = Field(
        10.0, gt=0, le=10_000, allow_inf_nan=False, description="those of them that may change something"
    )

    @cached_property
    def web_names(self) -> frozenset[str]:
        """The names under which browsers of other machines log in; none: those of this machine only do."""
        return frozenset(name.strip().lower() for name in self.web_hosts.split(",") if name.strip())

    @cached_property
    def is_local(self) -> bool:
        """Whether the web server listens on this machine's loopback only."""
        return self.web_host in LOOPBACK_NAMES

    @cached_property
    def reads_anonymously(self) -> bool:
        """Whether whoever asks from this machine reads without saying who they are."""
        return self.is_local if self.anonymous_reads is None else self.anonymous_reads

    @cached_property
    def shared_origins(self) -> frozenset[str]:
        """The origins of web pages that may read the API from elsewhere."""
        return frozenset(name for name in self.cors_origins.split(",") if name)
