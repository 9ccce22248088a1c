import type { Shape } from "../api/client";
import { ApiProblem } from "../api/problems";
import { countText } from "../format/numbers";
import { ageText } from "../format/times";
import type { StreamState } from "../live/QuoteStream";

/** How the pipeline does at a glance; `away`: Thor cannot be reached, `unknown`: it has not answered yet. */
export type Level = "good" | "attention" | "trouble" | "away" | "unknown";
/** Something that is not as it should be, and where it is seen to. */
export interface Concern {
  readonly level: "attention" | "trouble";
  readonly text: string;
  readonly href: string;
}
/** What the light shows. */
export interface Pipeline {
  readonly level: Level;
  readonly concerns: readonly Concern[];
}
export type Check = Shape<"ReadinessAnswer.CheckAnswer">;
export type Collector = Shape<"CollectorsAnswer.CollectorAnswer">;
export type Alert = Shape<"AlertsAnswer.AlertAnswer">;

/** What is known of the pipeline; undefined is not known. */
export interface Signs {
  /** Why the last question about health got no answer; null when it got one. */
  readonly failure: Error | null;
  readonly health: Shape<"ReadinessAnswer"> | undefined;
  readonly collectors: readonly Collector[] | undefined;
  readonly alerts: readonly Alert[] | undefined;
  readonly stream: StreamState;
}

const SEEN_AT: Readonly<Record<string, string>> = {
  feeds: "/operations/collectors",
  agreement: "/operations/collectors",
  sessions: "/operations/sessions",
  calendar: "/operations/sessions",
  ledger: "/operations/gaps",
  jobs: "/analysis",
  premarket: "/premarket",
  alerts: "/operations/alerts",
};
// Warnings that keep nobody from working: their checks are ok all the same.
const WARNINGS: Readonly<Record<string, string>> = { ledger: "unexplained_24h", agreement: "alarms" };
// What a proxy before Thor says when that does not answer.
const NOBODY_THERE = [0, 502, 503, 504];
const WAITING = ["starting", "spooling", "fenced"];

/** The page that shows more of a check. */
export function placeOf(check: string): string {
  return SEEN_AT[check] ?? "/operations/pipeline";
}

/** How the pipeline does: as its worst sign says. Without an answer nothing is claimed. */
export function pipelineOf(signs: Signs): Pipeline {
  if (signs.failure !== null && isAway(signs.failure)) return { level: "away", concerns: [] };
  if (signs.failure === null && signs.health === undefined) return { level: "unknown", concerns: [] };
  const concerns = [
    ...ofFailure(signs.failure),
    ...(signs.health?.checks ?? []).flatMap(ofCheck),
    ...(signs.collectors ?? []).flatMap(ofCollector),
    ...ofAlerts(signs.alerts ?? []),
    ...ofStream(signs.stream),
  ].sort((a, b) => Number(b.level === "trouble") - Number(a.level === "trouble"));
  return { level: concerns[0]?.level ?? "good", concerns };
}

/** How far ingest is behind the stream, in a few words; null where the checks do not tell. */
export function lagText(checks: readonly Check[]): string | null {
  const ingest = checks.find(({ name }) => name === "ingest");
  if (ingest === undefined || typeof ingest.behind !== "number") return null;
  const age = ingest.progress_age_s;
  const progress = typeof age === "number" ? `${ageText(age * 1_000)} ago` : "no ingestor runs";
  return `${countText(ingest.behind)} behind, ${progress}`;
}

function isAway(failure: Error): boolean {
  return !(failure instanceof ApiProblem) || NOBODY_THERE.includes(failure.status);
}

function ofFailure(failure: Error | null): Concern[] {
  if (failure === null) return [];
  return [{ level: "trouble", text: `Thor does not tell how it does: ${failure.message}`, href: "/operations" }];
}

function ofCheck(check: Check): Concern[] {
  // The alerts are told one by one.
  if (check.name === "alerts") return [];
  const warning = Number(check[WARNINGS[check.name] ?? ""] ?? 0) > 0;
  if (check.ok && !warning) return [];
  return [
    { level: check.ok ? "attention" : "trouble", text: `${check.name}: ${check.detail}`, href: placeOf(check.name) },
  ];
}

function ofCollector(one: Collector): Concern[] {
  const isWell = one.state === "running" && (one.feed === null || one.feed === "streaming");
  if (!one.wanted || isWell) return [];
  const level = one.state === "running" || WAITING.includes(one.state) ? "attention" : "trouble";
  const feed = one.state === "running" && one.feed !== null ? `, ${one.feed}` : "";
  const detail = one.detail === "" ? "" : `: ${one.detail}`;
  return [{ level, text: `${one.source} is ${one.state}${feed}${detail}`, href: "/operations/collectors" }];
}

function ofAlerts(alerts: readonly Alert[]): Concern[] {
  return alerts
    .filter(({ severity }) => severity !== "info")
    .map((alert) => ({
      level: alert.severity === "critical" ? "trouble" : "attention",
      text: [alert.title, alert.subject].filter((part) => part !== "").join(": "),
      href: "/operations/alerts",
    }));
}

function ofStream(state: StreamState): Concern[] {
  if (state !== "lost") return [];
  return [{ level: "attention", text: "the quotes of this page are not live: its stream is lost", href: "/" }];
}
