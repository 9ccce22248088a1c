import type { Alert } from "../../api/operations";

const RANKS: Record<Alert["severity"], number> = { critical: 0, warning: 1, info: 2 };

/** The rules by which alerts are raised. */
export const RULES = [
  "premarket_late",
  "premarket_missing_data",
  "premarket_failure",
  "premarket_cache_miss",
  "premarket_verdict",
  "model_degraded",
  "source_silent",
  "sources_disagree",
  "login_expiring",
  "disk_low",
  "clock_skew",
  "ingest_lag",
  "stream_full",
  "dead_letters",
  "losses",
  "session_overdue",
  "session_failed",
  "jobs_stuck",
  "queue_silent",
  "alert_channel",
  "channel_test",
] as const;

/** Alerts with the unresolved first, of these the gravest, of these the latest; those that are over as they came. */
export function inOrder(alerts: readonly Alert[]): Alert[] {
  const open = alerts.filter((alert) => alert.resolved_at === null);
  const over = alerts.filter((alert) => alert.resolved_at !== null);
  open.sort((a, b) => RANKS[a.severity] - RANKS[b.severity] || b.raised_at.localeCompare(a.raised_at));
  return [...open, ...over];
}

/** Where an alert stands, in words. */
export function standingText(alert: Alert): string {
  if (alert.resolved_at !== null) return alert.resolved_by === "rule" ? "over" : `ended by ${alert.resolved_by}`;
  if (alert.clear_since !== null) return "clearing";
  return alert.acknowledged_at === null ? "nobody sees to it" : `${alert.acknowledged_by} sees to it`;
}

/** What became of a message about an alert. */
export function deliveryText(message: {
  sent_at: string | null;
  gave_up_at: string | null;
  dropped: string;
  attempts: number;
}): string {
  if (message.sent_at !== null) return "sent";
  if (message.gave_up_at !== null) return "given up";
  if (message.dropped !== "") return `dropped: ${message.dropped}`;
  return message.attempts === 0 ? "waits" : "will be tried again";
}
