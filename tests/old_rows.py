"""Rows as databases of each revision have them: a few of every table, with odd letters, empty values and extremes."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from sqlalchemy import Connection, text

DAYS: Final = (date(2025, 10, 8), date(2025, 10, 9))
_PARTITIONS = tuple(
    f"CREATE TABLE ticks_p{day:%Y%m%d} PARTITION OF ticks "
    f"FOR VALUES FROM ('{day}') TO ('{date(2025, 10, day.day + 1)}')"
    for day in DAYS
)
_TICKS = """
INSERT INTO ticks (symbol, source, seq, ts, recv_ts, session_date, contract, ts_origin, last, bid, ask, volume, trade,
    delayed, created_at)
SELECT (ARRAY['ES', 'NQ', '6J'])[1 + i % 3], (ARRAY['SCHWAB', 'EXCEL'])[1 + i % 2], i * 4294967296,
    timestamptz '2025-10-08 13:30:00.000001+00' + i * interval '61.5 s', '2025-10-09 13:30+00',
    date '2025-10-08' + i % 2, CASE WHEN i % 2 = 0 THEN 'ESZ25' END, 'exchange', -0.000000001 * i,
    999999999.999999999, NULL, i, i % 2 = 0, false, '2025-10-09 14:00:00.123456+00'
FROM generate_series(1, 300) AS i
"""
_DAY = "'2025-10-09'"
_AT = "'2025-10-09 13:30:00.000001+00'"

ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "0001": (
        *_PARTITIONS,
        _TICKS,
        r"""INSERT INTO dead_letters (id, stream_id, reason, fields) VALUES
            (-5, '1760016600000-0', 'a price of ''1e5''', '{"last": "1e5", "Größe": "\\ \t \n \" ✓"}'),
            (9007199254740993, '1760016600000-1', '', '{}')""",
        f"""INSERT INTO lake_files (kind, session_date, symbol, path, rows, min_ts, max_ts, min_seq, max_seq, bytes,
            sha256, schema_version, written_at) VALUES ('ticks', {_DAY}, 'ES',
            'ticks/date=2025-10-09/symbol=ES/ticks.parquet', 7, {_AT}, {_AT}, 1, 7, 99, repeat('a', 64), 1, {_AT})""",
        """INSERT INTO trading_instruments (symbol, name, mic, currency, tick_size, tick_decimals, multiplier,
            price_format, calendar, schwab_symbol, tos_symbol, watch_position) VALUES
            ('ES', 'E-mini S&P 500', 'XCME', 'USD', 0.25, 2, 50, 'D', 'CME_Futures', '/ES', '/ES', 1),
            ('OLD', 'One that nobody knows any more', 'XCME', 'USD', 0.000000001, 9, 1, '32', 'CME_Futures', '/OLD',
            '/OLD', NULL)""",
    ),
    "0002": (
        f"INSERT INTO duplicate_counts VALUES ('SCHWAB', 'ES', {_DAY}, 9223372036854775807)",
        f"INSERT INTO feed_coverage VALUES ('SCHWAB', {_DAY}, '\\x00ff0a5c', {_AT})",
        f"""INSERT INTO gaps (kind, source, session_date, from_seq, to_seq, missing, from_ts, to_ts, symbols) VALUES
            ('sequence', 'SCHWAB', {_DAY}, 5, 9, 3, {_AT}, {_AT}, '{{"ES": 3}}')""",
        f"INSERT INTO given_numbers (source, epoch, session_date, last_seq) VALUES ('SCHWAB', 1, {_DAY}, 4294967305)",
        """INSERT INTO ingest_batches (consumer, first_id, last_id, entries) VALUES
            ('worker', 1760016600000000000000000000000000000000, 1760016600000000000000000000000000000007, 8)""",
        f"""INSERT INTO losses (id, kind, ref, count, source, symbol, session_date, parent_id) VALUES
            (1001, 'trimmed_unread', 'one', 4, NULL, NULL, NULL, NULL),
            (1002, 'trimmed_unread', 'part:1:0', 4, 'SCHWAB', 'ES', {_DAY}, 1001)""",
        f"INSERT INTO published_counts VALUES ('SCHWAB', 1, 'ES', {_DAY}, 307)",
        f"INSERT INTO reconciliations VALUES ('SCHWAB', 'ES', {_DAY}, 307, 300, 2, 1, 4, 0, 'balanced', {_AT})",
        f"INSERT INTO stream_positions VALUES ('quotes:cgrp:postgres_ingest', 'abc', '1760016600000-1', {_AT})",
        """INSERT INTO dead_letter_actions (dead_letter_id, action, actor, note) VALUES
            (-5, 'correct', 'Jürgen', E'a\\nb')""",
    ),
    "0003": (
        "INSERT INTO markets VALUES ('CME_Futures', 'CME_Futures', 'America/Chicago', true)",
        f"INSERT INTO market_events VALUES ('CME_Futures', {_DAY}, 'open', {_AT}, 'done', '', {_AT}, {_AT}, 3, '{{}}')",
        f"""INSERT INTO market_data_snapshots (market, session_date, opens_at, closes_at, created_at, by_symbol) VALUES
            ('CME_Futures', {_DAY}, {_AT}, '2025-10-09 21:00+00', {_AT}, '{{"ES": {{"last": "6710.25"}}}}')""",
        f"""INSERT INTO session_certificates (market, session_date, verdict, reasons, made_at) VALUES
            ('CME_Futures', {_DAY}, 'incomplete', '["a gap"]', {_AT})""",
    ),
    "0004": (
        "INSERT INTO contract_weights VALUES ('index', 'ES', '2025-01-01', 0.333333)",
        "INSERT INTO signal_weights VALUES ('trend', '2025-01-01', 0.5, 0, 1)",
        f"""INSERT INTO contract_rolls VALUES
            ('ES', 'SCHWAB', 1, 'first', NULL, 'ESU25', NULL, {_AT}, '2025-09-09', {_AT}),
            ('ES', 'SCHWAB', 2, 'roll', 'ESU25', 'ESZ25', {_AT}, '2025-10-09 14:00+00', {_DAY}, {_AT})""",
    ),
    "0005": (
        f"""INSERT INTO admin_changes (at, actor, entity, key, action, changes) VALUES
            ({_AT}, 'admin', 'instrument', 'ES', 'update', '{{"name": ["a", "b"]}}')""",
        f"""INSERT INTO analysis_jobs (id, kind, symbols, start_date, end_date, request_hash, requested_by, status,
            progress, created_at, finished_at, retry_of) VALUES
            (1001, 'full', '{{ES,NQ}}', {_DAY}, {_DAY}, 'h1', 'cli', 'done', 1, {_AT}, {_AT}, 1002),
            (1002, 'single', '{{"6J"}}', {_DAY}, {_DAY}, 'h2', 'cli', 'cancelled', 0.1, {_AT}, {_AT}, NULL)""",
        f"INSERT INTO prediction_models (id, kind, version, created_at) VALUES (1001, 'logistic', 1, {_AT})",
        f"INSERT INTO user_settings VALUES ('page.size', '50', {_AT})",
        f"""INSERT INTO analysis_results (job_id, scope, asof, created_at, action, reason_code, confidence, volatility)
            VALUES (1001, 'ES', {_AT}, {_AT}, 'HOLD', 'quiet', 0.1 + 0.7, 1e-300),
            (1001, '*', {_AT}, {_AT}, NULL, '', NULL, 'NaN')""",
        f"""INSERT INTO predictions (job_id, model_id, symbol, source, horizon, made_at, asof, target_ts, base_price,
            base_rate, p, gated, n_train, params_hash, data_hash) VALUES
            (1001, 1001, 'ES', 'SCHWAB', '1d', {_AT}, {_AT}, '2025-10-10 13:30+00', 6710.25, 0.5,
            0.30000000000000004, false, 500, 'p', 'd')""",
        f"""INSERT INTO signals (job_id, model_id, symbol, side, strength, asof, valid_until) VALUES
            (1001, 1001, 'ES', 'BUY', 0.25, {_AT}, '2025-10-10 13:30+00')""",
    ),
    "0006": (
        f"""INSERT INTO alerts (id, rule, severity, detail, raised_at, seen_at) VALUES
            (1001, 'disk_low', 'info', 'x', {_AT}, {_AT})""",
        f"""INSERT INTO alert_deliveries (alert_id, channel, event, severity, due_at) VALUES
            (1001, 'mail', 'raised', 'info', {_AT})""",
        f"""INSERT INTO prediction_scores (model_id, symbol, horizon, session_date, scored_at, outcomes, degraded)
            VALUES (1001, 'ES', '1d', {_DAY}, {_AT}, 20, false)""",
        f"""INSERT INTO premarket_reports (market, session_date, opens_at, verdict, job_id, made_at, document) VALUES
            ('CME_Futures', {_DAY}, {_AT}, 'READY', 1001, {_AT}, '{{"a": [1, null, 1.5]}}')""",
        f"""INSERT INTO premarket_stages (market, session_date, stage, planned_at, deadline_at, status, done_at,
            reasons) VALUES ('CME_Futures', {_DAY}, 'report', {_AT}, {_AT}, 'skipped', {_AT}, '["no ticks"]')""",
    ),
    "0007": (
        f"""INSERT INTO users (id, name, role, password_hash, created_at) VALUES
            (1001, 'anna', 'admin', '$argon2id$x', {_AT}), (1002, 'ben', 'viewer', NULL, {_AT})""",
        f"""INSERT INTO api_keys (id, name, role, digest, created_at, created_by, expires_at) VALUES
            ('00112233aabb', 'grafana', 'viewer', 'd1', {_AT}, 'anna', '2026-10-09 14:00+00')""",
        f"INSERT INTO logins VALUES ('00112233aabc', 1001, 'd2', {_AT}, {_AT}, '2025-10-10 02:00+00')",
        f"INSERT INTO login_links VALUES ('00112233aabd', 1002, 'd3', {_AT}, '2025-10-10 02:00+00')",
        f"""INSERT INTO audit_entries (at, actor, action, outcome, facts) VALUES
            ({_AT}, 'user anna', 'log in', 'done', '{{"way": "link"}}')""",
    ),
    "0008": (f"INSERT INTO lake_identity (lake, since) VALUES ('6a1e0c52-7f1b-4d0e-9a53-2f1de1c0b8aa', {_AT})",),
}


def add_old_rows(connection: Connection, revision: str, *, but: Iterable[str] = ()) -> None:
    """Fill an empty database of this revision, which no Thor has run on; `but` are tables that stay as they are."""
    for number, statements in ROWS.items():
        if number <= revision:
            for statement in statements:
                if not any(
                    statement.strip().startswith((f"INSERT INTO {name} ", f"CREATE TABLE {name}_p")) for name in but
                ):
                    connection.execute(text(statement.replace(":", r"\:")))
