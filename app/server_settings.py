"""The settings of the servers and of who reaches them."""

from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.bucket.plan import BucketPlan, parse_place
from app.exposure import LOOPBACK_NAMES
from app.setting_types import PROJECT, BucketName, Folder, HostNames, OriginNames, PostgresUrl, RedisUrl, StoreUrl


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
    lake_bucket: BucketName | None = Field(
        None, description="bucket with a copy of the lake, such as s3://desk/thor; unset: there is none"
    )
    lake_bucket_endpoint: StoreUrl | None = Field(
        None, description="address of an S3-compatible store, such as https://minio.example:9000; unset: AWS"
    )
    lake_bucket_region: str | None = Field(None, description="region of the bucket; unset: as AWS's files tell")
    lake_bucket_key: SecretStr | None = Field(
        None, description="access key of the bucket; unset: AWS's environment, files or role of the machine"
    )
    lake_bucket_secret: SecretStr | None = Field(None, description="secret of that access key")
    thor_pg_bin: Folder | None = Field(None, description="folder with PostgreSQL 18's programs; unset: from the wheel")

    web_host: str = Field("127.0.0.1", description="address that the web server listens on")
    web_port: int | None = Field(None, ge=1, le=65535, description="web port; unset: 8000, or a free one")
    flower_port: int | None = Field(None, ge=1, le=65535, description="Flower's port; unset: 5555, or a free one")
    web_threads: int = Field(256, ge=40, le=2000, description="threads of the web server; each SSE client takes one")

    web_hosts: HostNames = Field(
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

    @model_validator(mode="after")
    def _bucket_key_is_whole(self) -> Self:
        if (self.lake_bucket_key is None) != (self.lake_bucket_secret is None):
            raise ValueError("LAKE_BUCKET_KEY and LAKE_BUCKET_SECRET go together: set both or neither")
        return self

    @cached_property
    def bucket(self) -> BucketPlan | None:
        """Where the lake has a copy; None where it has none."""
        return self.bucket_at(self.lake_bucket) if self.lake_bucket else None

    def bucket_at(self, place: str) -> BucketPlan:
        """The way to a bucket, by the endpoint and the keys of the settings; Rejected when that is no bucket."""
        key, secret = (
            told.get_secret_value() if told else None for told in (self.lake_bucket_key, self.lake_bucket_secret)
        )
        return BucketPlan(parse_place(place), self.lake_bucket_endpoint, self.lake_bucket_region, key, secret)

    @cached_property
    def web_names(self) -> frozenset[str]:
        """The names under which browsers of other machines log in; none: those of this machine only do."""
        return frozenset(name for name in self.web_hosts.split(",") if name)

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
