"""Which role every endpoint needs. What is not named here is refused to everybody."""

from collections.abc import Mapping
from typing import Final

from app.access.roles import Role

# Nothing about the desk is behind these: a sign of life, and the way in.
OPEN: Final = frozenset(
    {
        "health.show_liveness",
        "entry.show_login",
        "entry.log_in",
        "entry.show_link",
        "entry.use_login_link",
        "entry.log_out",
        "entry.send_style",
    }
)
_VIEWER: Final = (
    "accounting.list_losses",
    "accounting.show_account",
    "alerts.show_alert",
    "alerts.show_alerts",
    "alerts.stream_alerts",
    "bars.list_bars",
    "certificates.list_certificates",
    "collectors.list_collectors",
    "collectors.show_collector",
    "dashboard.send_asset",
    "dashboard.show_page",
    "dead_letters.list_dead_letters",
    "dead_letters.show_dead_letter",
    "desk.show_desk",
    "docs.send_asset",
    "docs.show_page",
    "docs.start_page",
    "gaps.list_gaps",
    "health.show_health",
    "health.show_readiness",
    "instruments.show_instruments",
    "instruments.show_rolls",
    "jobs.follow_job",
    "jobs.show_job",
    "jobs.show_jobs",
    "jobs.show_results",
    "lake.list_lake",
    "me.make_stream_ticket",
    "me.show_me",
    "metrics.show_metrics",
    "openapi.spec",
    "predictions.show_performance",
    "predictions.show_predictions",
    "predictions.show_signals",
    "premarket.list_ladders",
    "premarket.show_ladder",
    "premarket.show_latest",
    "premarket.show_report",
    "quotes.list_quotes",
    "session.list_sessions",
    "session.show_session",
    "session_records.show_session_records",
    "stream.follow_quotes",
    "ticks.list_ticks",
    "watchlist.show_watchlist",
)
_OPERATOR: Final = (
    "alerts.acknowledge",
    "alerts.resolve",
    "collectors.automate_collector",
    "collectors.restart_collector",
    "collectors.start_collector",
    "collectors.stop_collector",
    "dead_letters.correct_dead_letter",
    "dead_letters.discard_dead_letter",
    "dead_letters.redrive_dead_letter",
    "dead_letters.redrive_dead_letters",
    "jobs.cancel_job",
    "jobs.retry_job",
    "jobs.submit_job",
    "lake.backfill_lake",
    "watchlist.set_watchlist",
)
_ADMIN: Final = ("audit.list_audit",)
NEEDED: Final[Mapping[str, Role]] = {
    **dict.fromkeys(_VIEWER, Role.VIEWER),
    **dict.fromkeys(_OPERATOR, Role.OPERATOR),
    **dict.fromkeys(_ADMIN, Role.ADMIN),
}
# A browser's EventSource cannot send a header: these take a ticket in the address.
TICKETED: Final = frozenset({"stream.follow_quotes", "alerts.stream_alerts", "jobs.follow_job"})
PAGES: Final = frozenset({"dashboard.show_page", "docs.show_page"})


def needed_by(endpoint: str | None) -> Role | None:
    """The role that an endpoint needs, None for what nobody may; an address that there is not is for viewers."""
    return Role.VIEWER if endpoint is None else NEEDED.get(endpoint)


def needed_by_admin(_endpoint: str | None) -> Role | None:
    """The role that everything below /admin needs."""
    return Role.ADMIN
