"""The metrics of what the stores know at a scrape: which figure each shows, its name, meaning, unit and labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric


@dataclass(frozen=True)
class Family:
    """A metric: the figure that it shows, divided by `unit`. One whose name ends in `_total` is a counter."""

    figure: str
    name: str
    help: str
    labels: Sequence[str] = ()
    unit: float = 1

    def filled(self, numbers: Mapping[tuple[str, ...], float]) -> Metric:
        """The metric with these values by the values of its labels."""
        kind = CounterMetricFamily if self.name.endswith("_total") else GaugeMetricFamily
        family = kind(self.name, self.help, labels=self.labels)
        for labels, number in numbers.items():
            family.add_metric(labels, number / self.unit)
        return family


SOURCE, CONSUMER, KIND, STATE, STATUS = ("source",), ("consumer",), ("kind",), ("state",), ("status",)
MARKET, EVENT = ("market",), ("market", "event")
SEVERITY, VERDICT, STAGE = ("severity",), ("market", "verdict"), ("market", "stage")
PAIR: Final = ("symbol", "source", "other")
SERIES: Final = ("model", "symbol", "horizon")
UP: Final = Family("up", "thor_up", "Whether the server answers: without it, what it counts is missing here", ("part",))
# A counter never falls. What is stored, dead or lost may: rows are dropped, letters redriven, lost events turn up.
FAMILIES: Final = (
    Family("ledger_published", "thor_ledger_published_total", "Events published, as last reconciled"),
    Family("ledger_duplicates", "thor_ledger_duplicates_total", "Entries whose event was stored already"),
    Family("ledger_stored", "thor_ledger_stored_events", "Events stored in PostgreSQL or the lake, as last reconciled"),
    Family("ledger_dead", "thor_ledger_dead_events", "Events in dead letters that are not stored, as last reconciled"),
    Family("ledger_in_flight", "thor_ledger_in_flight_events", "Published less all the rest; negative: a surplus"),
    Family("ledger_losses", "thor_ledger_lost_events", "Events that are known to be gone", KIND),
    Family("ledger_dead_letters", "thor_dead_letters", "Entries that could not be stored", STATE),
    Family("ledger_gaps", "thor_gaps", "Stretches that storage lacks", (*KIND, *STATE)),
    Family("jobs", "thor_jobs", "Analyses that were asked for, by what became of them", STATUS),
    Family("jobs_oldest_pending_s", "thor_jobs_oldest_pending_seconds", "Since the oldest that waits was asked for"),
    Family("lake_files", "thor_lake_files", "Files of the lake, by what they hold", KIND),
    Family("lake_rows", "thor_lake_rows", "Rows in these files", KIND),
    Family("lake_bytes", "thor_lake_bytes", "Size of these files", KIND),
    Family("lake_damaged", "thor_lake_damaged_files", "Files that were found damaged", KIND),
    Family("lake_newest_day", "thor_lake_newest_day_timestamp_seconds", "The newest trading day in the lake", KIND),
    Family("bucket_days_behind", "thor_bucket_days_behind", "Trading days of which the bucket lacks files of the lake"),
    Family("events", "thor_market_events", "Opens and closes, by what became of them", (*EVENT, "status")),
    Family("event_late_s", "thor_market_event_late_seconds", "From when the last one was due until it was done", EVENT),
    Family("events_overdue", "thor_market_events_overdue", "Opens and closes that are overdue", EVENT),
    Family("certificates", "thor_certificates", "Sessions that were looked at when they were over", VERDICT),
    Family("certificate_newest_day", "thor_certificate_newest_day_timestamp_seconds", "The newest of them", MARKET),
    Family("messages", "thor_alert_deliveries", "Messages about alerts, by what became of them", ("channel", "state")),
    Family("message_oldest_due_s", "thor_alert_oldest_delivery_seconds", "Since the oldest that waits was due"),
    Family("alerts", "thor_alerts", "Alerts that are unresolved", SEVERITY),
    Family("alerts_unacknowledged", "thor_alerts_unacknowledged", "Unresolved alerts that nobody sees to"),
    Family("premarket_verdict", "thor_premarket_verdict", "What the report before the open is: 1", VERDICT),
    Family("premarket_late_s", "thor_premarket_late_seconds", "Past its deadline, when done or up to now", STAGE),
    Family("prediction_outcomes", "thor_prediction_outcomes", "Known when a session was last scored", SERIES),
    Family("prediction_brier_skill", "thor_prediction_brier_skill", "Skill against the base rate, as scored", SERIES),
    Family("prediction_hit_rate", "thor_prediction_hit_rate", "Share of right sides, as scored", SERIES),
    Family("prediction_coverage", "thor_prediction_coverage", "Share of prices in the 90 % interval", SERIES),
    Family("prediction_degraded", "thor_prediction_degraded", "Whether they do worse than the base rate", SERIES),
    Family("stream_length", "thor_stream_entries", "Entries that the stream keeps"),
    Family("stream_added", "thor_stream_added_total", "Entries ever added to the stream"),
    Family("stream_fill_percent", "thor_stream_fill_ratio", "Length by that at which publishers are refused", (), 100),
    Family("stream_lag", "thor_ingest_lag_entries", "Entries that no ingestor has read"),
    Family("stream_pending", "thor_ingest_pending_entries", "Entries that were read and are not acknowledged"),
    Family("queue_messages", "thor_queue_messages", "Tasks that wait in a queue", ("queue",)),
    Family("queue_taken", "thor_queue_unacknowledged_messages", "Tasks that workers have taken and not yet ended"),
    Family("ingestor_read", "thor_ingest_read_total", "Entries handled since the ingestor's start", CONSUMER),
    Family("ingestor_written", "thor_ingest_written_total", "Ticks stored since the start", CONSUMER),
    Family("ingestor_duplicates", "thor_ingest_duplicates_total", "Entries stored already", CONSUMER),
    Family("ingestor_dead", "thor_ingest_dead_total", "Entries put aside since the start", CONSUMER),
    Family("ingestor_trimmed", "thor_ingest_trimmed_total", "Entries that were gone before they were stored", CONSUMER),
    Family("ingestor_progress_age_s", "thor_ingest_progress_age_seconds", "Since the last progress", CONSUMER),
    Family("source_wanted", "thor_source_wanted", "Whether the source is to be collected", SOURCE),
    Family("source_published", "thor_source_published_total", "Quotes published since the collector's start", SOURCE),
    Family("source_dropped", "thor_source_dropped_total", "Quotes with neither Redis nor room on the disk", SOURCE),
    Family("source_spooled", "thor_source_spooled_quotes", "Quotes on the collector's disk, waiting for Redis", SOURCE),
    Family("divergence_alarms", "thor_source_disagreements", "Symbols and sources that have differed for a while"),
    Family("divergence_ticks", "thor_source_difference_ticks", "Mid above the other source's, where it is far", PAIR),
    Family("divergence_lag_ms", "thor_source_lag_seconds", "Behind the other source, where it is long", PAIR, 1000),
    Family("source_age_s", "thor_source_age_seconds", "Since the collector's last sign of progress", SOURCE),
    Family("source_held", "thor_source_held", "Whether a process collects the source", SOURCE),
    Family("source_rate_per_s", "thor_source_quotes_per_second", "Quotes a second over the last minute", SOURCE),
    Family("source_change_age_s", "thor_source_change_age_seconds", "Since the source brought something new", SOURCE),
    Family("source_data_age_s", "thor_source_data_age_seconds", "Since the source said anything", SOURCE),
    Family("source_reconnects", "thor_source_reconnects_total", "Connections made again since the start", SOURCE),
    Family("source_crashes", "thor_source_failed_starts", "Starts in a row that came to no good end", SOURCE),
    Family("source_silence_restarts", "thor_source_silence_restarts", "Fruitless restarts of a silent source", SOURCE),
)
BACKUP: Final = Family("backup_newest", "thor_backup_newest_timestamp_seconds", "When the newest backup was finished")
