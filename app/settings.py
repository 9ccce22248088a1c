"""Every setting, read from the environment (and a .env file) once, into one frozen object."""

import os
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator

from app.alert_settings import channel_problems, channel_secrets
from app.alerts.channels.plan import Security
from app.alerts.rules import Severity
from app.collector_settings import excel_plan, schwab_plan
from app.collectors.excel.plan import ExcelPlan, Provider
from app.collectors.schwab.plan import SchwabPlan
from app.errors import Rejected
from app.exposure import exposure_problems
from app.market.markets import PROFILES
from app.premarket.definition import Ladder
from app.premarket.ladders_file import read_ladders
from app.server_settings import ServerSettings
from app.setting_types import (
    ApiUrl,
    CallbackUrl,
    Cells,
    CollectedNames,
    Folder,
    LaddersPath,
    Lookback,
    MailAddresses,
    MarketName,
    OverridesPath,
    QuietSpan,
    SourceNames,
    SymbolNames,
    ZoneName,
    listed,
)


class Settings(ServerSettings):
    """The settings of one process. Names are the environment's, in lower case; units are in the names."""

    market: MarketName = Field("CME_Futures", description="market whose calendar gives trading days")
    market_overrides: OverridesPath | None = Field(
        None, description="YAML file of closures and early closes that the calendars do not know"
    )
    session_sources: CollectedNames = Field(
        "", description="sources, separated by commas, that run while a watched market is open"
    )
    source_preference: SourceNames = Field(
        "SCHWAB,EXCEL",
        description="sources, separated by commas, the one to be shown first where several quote a symbol",
    )
    divergence_ticks: float = Field(
        4.0,
        gt=0,
        allow_inf_nan=False,
        description="ticks between two sources' mid prices that raise an alarm",
    )
    quote_stale_s: float = Field(
        15.0, gt=0, allow_inf_nan=False, description="age after which a quote of an open market is stale"
    )
    stream_cap: int = Field(10_000_000, ge=1000, description="entries after which publishers are refused")

    data_provider: Provider | None = Field(
        None, description="how the sheet is read; unset: excel_live on Windows and macOS, else excel_file"
    )
    excel_data_file: Folder | None = Field(None, description="workbook with the quotes; unset: Excel is not collected")
    excel_sheet_name: str = Field("Futures", min_length=1, description="sheet of the workbook")
    excel_live_range: Cells = Field("A1:M20", description="cells of the sheet, with a row of headers")
    excel_live_require_open: bool = Field(False, description="only attach to a workbook that is open in Excel")
    excel_poll_ms: int = Field(500, ge=20, le=5000, description="time between two readings of the sheet")

    schwab_client_id: SecretStr | None = Field(None, description="application key; unset: Schwab is not collected")
    schwab_client_secret: SecretStr | None = Field(None, description="application secret")
    schwab_redirect_uri: CallbackUrl = Field(
        "https://127.0.0.1:8182", description="callback address of the application"
    )
    schwab_refresh_token: SecretStr | None = Field(
        None, description="a first token, good for a week at most; `flask schwab-login` makes the others"
    )
    schwab_token_file: Folder | None = Field(
        None, description="where the login is kept; unset: STATE_DIR/schwab/token.json"
    )
    schwab_symbols: SymbolNames = Field("", description="symbols, separated by commas; unset: the watchlist")
    schwab_api_url: ApiUrl = Field("https://api.schwabapi.com", description="the API's address, or a stand-in's")

    spool_max_mb: int = Field(
        1024, ge=1, le=1_000_000, description="disk that a collector may fill while Redis is away"
    )
    ingestors: int = Field(1, ge=1, le=16, description="ingest loops that share the stream")
    ingest_batch_size: int = Field(1000, ge=1, le=20_000, description="ticks per database transaction")
    tick_retention_days: int = Field(
        60, ge=1, le=3660, description="days for which PostgreSQL keeps ticks; the lake keeps them for good"
    )
    partitions_ahead_days: int = Field(7, ge=1, le=60, description="days for which tick partitions exist in advance")

    analysis_time_limit_s: float = Field(
        900.0, gt=0, le=1400, allow_inf_nan=False, description="time after which an analysis is ended"
    )
    analysis_memory_mb: int = Field(
        2048, ge=256, le=1_000_000, description="memory of its process with which an analysis is ended"
    )
    analysis_cache_mb: int = Field(
        512, ge=0, le=1_000_000, description="disk for what analyses need again; 0: nothing is kept"
    )

    premarket_ladders: LaddersPath | None = Field(
        None, description="YAML file of the markets whose opens are prepared, and when; unset: MARKET's, as usual"
    )
    premarket_timeframe: Lookback = Field("3months", description="how far back the analyses before the open look")

    alert_min_severity: Severity = Field("warning", description="least severity of alerts that are sent to somebody")
    alert_quiet_hours: QuietSpan = Field(
        "", description="hours in which only critical alerts are sent; unset: there are none"
    )
    alert_timezone: ZoneName = Field("", description="zone of these hours; unset: the market's")
    smtp_host: str = Field("", description="mail server that alerts are sent through; unset: no mail is sent")
    smtp_port: int = Field(587, ge=1, le=65535, description="its port")
    smtp_security: Security = Field("starttls", description="how the way to it is protected")
    smtp_user: str = Field("", description="who logs in there; unset: nobody does")
    smtp_password: SecretStr | None = Field(None, description="the password of that login")
    alert_mail_from: MailAddresses = Field("", description="address that alerts come from")
    alert_mail_to: MailAddresses = Field("", description="addresses, separated by commas, that alerts go to")
    alert_webhook_url: SecretStr | None = Field(
        None, description="https address that alerts are posted to; unset: none is"
    )
    alert_webhook_hosts: str = Field("", description="hosts, separated by commas, that this address may name")
    alert_webhook_secret: SecretStr | None = Field(None, description="key of the signatures of what is posted")

    sse_max_clients: int = Field(200, ge=1, le=1900, description="SSE clients per web process")
    sse_clients_per_caller: int = Field(100, ge=1, le=1900, description="those of them that one caller may have")
    sse_resume_window_s: int = Field(900, ge=10, description="how far back Last-Event-ID can resume")
    sse_heartbeat_s: float = Field(5.0, gt=0, le=10, description="longest silence of an SSE connection")
    sse_queue_events: int = Field(512, ge=8, le=4096, description="events waiting per SSE client before conflation")
    sse_stuck_s: float = Field(
        25.0, gt=0, allow_inf_nan=False, description="after which a client that takes nothing is cut"
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least severe line logged")
    log_format: Literal["console", "json"] = Field("console", description="form of the log lines")

    @model_validator(mode="after")
    def _schwab_is_whole(self) -> Self:
        if (self.schwab_client_id is None) != (self.schwab_client_secret is None):
            raise ValueError("SCHWAB_CLIENT_ID and SCHWAB_CLIENT_SECRET go together: set both or neither")
        return self

    @model_validator(mode="after")
    def _threads_suffice(self) -> Self:
        if self.sse_max_clients > self.web_threads - 32:
            raise ValueError("SSE_MAX_CLIENTS must leave 32 of WEB_THREADS to everything else")
        return self

    @model_validator(mode="after")
    def _channels_are_whole(self) -> Self:
        if problems := channel_problems(self):
            raise ValueError("; ".join(problems))
        return self

    @model_validator(mode="after")
    def _may_be_reached(self) -> Self:
        if self.is_local:
            return self
        told = {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        addresses = {name: url.get_secret_value() if url else None for name, url in told.items()}
        debugging = os.environ.get("FLASK_DEBUG", "").lower() not in ("", "0", "false", "no")
        if problems := list(exposure_problems(addresses, os.environ.get("FLOWER_BASIC_AUTH", ""), debugging)):
            raise ValueError("; ".join(problems))
        return self

    @cached_property
    def collected_sources(self) -> tuple[str, ...]:
        """The sources that run while a watched market is open."""
        return tuple(listed(self.session_sources))

    @cached_property
    def preferred_sources(self) -> tuple[str, ...]:
        """Which source's quotes are shown where several quote a symbol, the first of them that can be trusted."""
        return tuple(listed(self.source_preference))

    @cached_property
    def ladders(self) -> tuple[Ladder, ...]:
        """The ladders of the markets whose opens are prepared."""
        return read_ladders(self.premarket_ladders, PROFILES) if self.premarket_ladders else (Ladder(self.market),)

    @cached_property
    def excel(self) -> ExcelPlan | None:
        """The sheet that is collected; None where none is."""
        return excel_plan(self)

    @cached_property
    def schwab(self) -> SchwabPlan | None:
        """How Schwab is collected; None where it is not."""
        return schwab_plan(self)

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """What no line of a log may show, apart from the passwords in addresses."""
        told = (self.schwab_client_secret, self.schwab_refresh_token, self.lake_bucket_key, self.lake_bucket_secret)
        return (*(value.get_secret_value() for value in told if value), *channel_secrets(self))

    @cached_property
    def lake_dir(self) -> Path:
        """The root of the lake."""
        return self.data_dir or self.state_dir / "data"

    @cached_property
    def cache_dir(self) -> Path:
        """Where what can be made again is kept."""
        return self.state_dir / "cache"

    @cached_property
    def metrics_dir(self) -> Path:
        """Where processes keep what they count."""
        return self.state_dir / "metrics"

    @cached_property
    def spool_dir(self) -> Path:
        """Where collectors keep what the bus does not take."""
        return self.state_dir / "spool"


def inherited_environment() -> dict[str, str]:
    """This process's environment, for the processes that it starts."""
    return dict(os.environ)


def secret_settings() -> frozenset[str]:
    """The names, as the environment has them, of settings that hold secrets, or addresses with passwords."""
    return frozenset(
        name.upper() for name, told in Settings.model_fields.items() if "SecretStr" in str(told.annotation)
    )


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; Rejected with every problem at once, by name and without the values."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        problems = [f"  {_name(found['loc'])}{_reason(found)}" for found in error.errors(include_input=False)]
    raise Rejected("\n".join(["the settings are wrong; mend the environment or .env:", *problems]))


def _name(location: tuple[int | str, ...]) -> str:
    return f"{'.'.join(map(str, location)).upper()}: " if location else ""


def _reason(found: Any) -> str:
    if found["type"] == "extra_forbidden":
        return "there is no such setting"
    return str(found["msg"]).removeprefix("Value error, ")
