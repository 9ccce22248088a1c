import type { Check, Collector } from "../api/operations";
import { feedHealth } from "./feedHealth";

/** How much something needs a person: the same wherever it is told. */
export type Gravity = "attention" | "trouble";

const SEEN_AT: Readonly<Record<string, string>> = {
  feeds: "/operations/collectors",
  agreement: "/operations/collectors",
  schwab_login: "/operations/collectors",
  sessions: "/operations/sessions",
  calendar: "/operations/sessions",
  ledger: "/operations/gaps",
  jobs: "/analysis",
  premarket: "/premarket",
  alerts: "/operations/alerts",
};
// Warnings that keep nobody from working: their checks are ok all the same.
const WARNINGS: Readonly<Record<string, string>> = { ledger: "unexplained_24h", agreement: "alarms" };
const NOT_BEGUN: readonly string[] = ["stopped", "idle"];

/** The page that shows more of a check. */
export function seenAt(check: string): string {
  return SEEN_AT[check] ?? "/operations/pipeline";
}

/** How grave a check is; null where it is well, and for the alerts, which are told one by one. */
export function checkGravity(check: Check): Gravity | null {
  if (check.name === "alerts") return null;
  if (!check.ok) return "trouble";
  return Number(check[WARNINGS[check.name] ?? ""] ?? 0) > 0 ? "attention" : null;
}

/** How grave a collector's state is, by what it brings; null where it is well or nobody wants it. */
export function collectorGravity(collector: Collector): Gravity | null {
  if (!collector.wanted) return null;
  if (NOT_BEGUN.includes(collector.state)) return "trouble";
  const { tone } = feedHealth(collector);
  if (tone === "bad") return "trouble";
  return tone === "ok" ? null : "attention";
}
