"""The runtime of the current application: its stores and its settings."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from flask import current_app

from app.access.ring import KeyRing
from app.alert_settings import delivery_plan, mail_plan, webhook_plan
from app.alerts.delivery_plan import DeliveryPlan
from app.jobs.watching import RunLimits
from app.operations.alerting.policy import AlertPolicy
from app.operations.collecting import CollectorPlan
from app.operations.displaying import DisplayRule
from app.operations.premarket.policy import PremarketPolicy
from app.operations.tick_steps import TickPolicy
from app.settings import Settings
from app.stores import Stores

if TYPE_CHECKING:
    from app.alerts.channels.channel import Channel
    from app.analysis.data.cache import Cache

EXTENSION = "thor"


@dataclass(frozen=True)
class Runtime(Stores):
    """What the edges work with."""

    settings: Settings

    @cached_property
    def ring(self) -> KeyRing:
        """Whose keys and logins open Thor."""
        return KeyRing(self.sessions, self.clock)

    @property
    def tick_policy(self) -> TickPolicy:
        """What the periodic tick goes by."""
        told = self.settings
        return TickPolicy(
            told.partitions_ahead_days,
            told.sse_resume_window_s,
            told.ingestors,
            told.stream_cap,
            told.collected_sources,
            display=self.display_rule,
            sources=self.collector_plan.sources,
            premarket=self.premarket_policy,
            alerts=self.alert_policy,
            bucket=told.lake_bucket,
        )

    @property
    def alert_policy(self) -> AlertPolicy:
        """What the rules of alerts go by; a PostgreSQL of this installation's own has its files in the state
        directory."""
        told = self.settings
        places = (told.lake_dir, told.state_dir, told.spool_dir, told.state_dir / "postgres")
        return AlertPolicy(self.collector_plan.sources, told.stream_cap, places, self.premarket_policy)

    @property
    def premarket_policy(self) -> PremarketPolicy:
        """What the ladders before the opens go by."""
        told = self.settings
        wanted = tuple(dict.fromkeys((*told.preferred_sources, *told.collected_sources)))
        return PremarketPolicy(told.ladders, told.premarket_timeframe, wanted)

    @property
    def run_limits(self) -> RunLimits:
        """What an analysis may take."""
        return RunLimits(self.settings.analysis_time_limit_s, self.settings.analysis_memory_mb)

    @property
    def analysis_cache(self) -> "Cache | None":
        """Where analyses keep what they need again; None where they shall not."""
        from app.analysis.data.cache import Cache

        limit_mb = self.settings.analysis_cache_mb
        return Cache(self.settings.cache_dir / "analysis", limit_mb << 20) if limit_mb else None

    @property
    def alert_plan(self) -> DeliveryPlan:
        """To whom alerts are told, from which severity on, and when not."""
        return delivery_plan(self.settings, self.market.timezone)

    @property
    def alert_channels(self) -> "list[Channel]":
        """The channels of alerts that are set up."""
        from app.alerts.channels.mail import MailChannel
        from app.alerts.channels.webhook import WebhookChannel

        mail, webhook = mail_plan(self.settings), webhook_plan(self.settings)
        channels: list[Channel] = [MailChannel(mail)] if mail else []
        return [*channels, WebhookChannel(webhook)] if webhook else channels

    @property
    def display_rule(self) -> DisplayRule:
        """Which source's quotes are shown, and when sources disagree."""
        told = self.settings
        return DisplayRule(told.preferred_sources, told.quote_stale_s, told.divergence_ticks)

    @property
    def collector_plan(self) -> CollectorPlan:
        """What the collectors of this installation go by."""
        told = self.settings
        return CollectorPlan(told.spool_dir, told.spool_max_mb << 20, told.stream_cap, told.excel, told.schwab)


def runtime() -> Runtime:
    """The runtime of the current application."""
    found: Runtime = current_app.extensions[EXTENSION]
    return found
