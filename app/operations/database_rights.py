"""What each process may do in PostgreSQL: one role for each, and what it writes; all of them read Thor's own tables.

owner       owns everything and migrates; no process that serves or works is it
api         the web server: what the desk may change by HTTP and in the admin
collectors  the live sources: nothing but reading
ingest      stores ticks
export      closes sessions, writes the lake, drops partitions that the lake has
analysis    keeps what analyses find
control     the periodic work: events, balances, alerts, jobs
desk        commands of an operator: all of the above but owning
backup      reads everything, writes nothing
"""

from collections.abc import Mapping
from typing import Final

from app.ticks.partition_functions import DROP, HOLD, MAKE

PREFIX: Final = "thor_"
OWNER: Final = "owner"
READERS: Final = ("api", "collectors", "ingest", "export", "analysis", "control")
MEMBER_OF_ALL: Final = "desk"
BACKUP: Final = "backup"
# What is read by those who write it, and by nobody else.
PRIVATE: Final[frozenset[str]] = frozenset(
    {"admin_changes", "users", "api_keys", "logins", "login_links", "audit_entries"}
)
# I: insert, U: update (and to lock rows), D: delete.
RIGHTS: Final[Mapping[str, Mapping[str, str]]] = {
    "ticks": {"ingest": "I", "api": "I"},
    "ingest_batches": {"ingest": "I", "control": "D"},
    "duplicate_counts": {"ingest": "IU", "export": "IU", "api": "IU"},
    "dead_letters": {"ingest": "I", "export": "I", "api": "U"},
    "dead_letter_actions": {"api": "I"},
    "published_counts": {"export": "IU", "control": "IU"},
    "given_numbers": {"export": "IU", "control": "IU"},
    "losses": {"ingest": "I", "export": "IUD", "control": "IUD"},
    "gaps": {"export": "IU", "control": "IU"},
    "feed_coverage": {"export": "IU", "control": "IU"},
    "reconciliations": {"export": "IU", "control": "IU"},
    "stream_positions": {"export": "IU", "control": "IU"},
    "lake_files": {"export": "IUD"},
    "lake_identity": {"export": "IU"},
    "markets": {"api": "U"},
    "market_events": {"export": "IU", "control": "IU"},
    "market_data_snapshots": {"export": "IU", "control": "IU"},
    "session_certificates": {"export": "IU"},
    "trading_instruments": {"api": "U"},
    "contract_weights": {"api": "IUD"},
    "signal_weights": {"api": "IUD"},
    "contract_rolls": {"control": "I"},
    "analysis_jobs": {"api": "IU", "export": "IU", "control": "IU", "analysis": "U"},
    "analysis_results": {"analysis": "I"},
    "prediction_models": {"analysis": "I", "control": "U", "api": "U"},
    "predictions": {"analysis": "I", "control": "U"},
    "prediction_scores": {"control": "I"},
    "signals": {"analysis": "I"},
    "user_settings": {"api": "IUD"},
    "admin_changes": {"api": "I"},
    "users": {"api": "IUD"},
    "api_keys": {"api": "IUD"},
    "logins": {"api": "IUD"},
    "login_links": {"api": "IUD"},
    "audit_entries": {"api": "I"},
    "premarket_stages": {"control": "IU", "export": "U"},
    "premarket_reports": {"control": "IU"},
    "alerts": {"api": "IU", "export": "IU", "control": "IU"},
    "alert_deliveries": {"api": "IU", "export": "IU", "control": "IU"},
}
CALLERS: Final[Mapping[str, tuple[str, ...]]] = {
    MAKE: ("ingest", "control", "api"),
    HOLD: ("export",),
    DROP: ("export",),
}
