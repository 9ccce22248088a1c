import type { Shape } from "../api/client";
import type { Alert, Check, Collector } from "../api/operations";
import { ApiProblem, lacksLogin } from "../api/problems";
import { countText } from "../format/numbers";
import { ageText } from "../format/times";
import type { StreamState } from "../live/QuoteStream";
import { feedHealth } from "../signs/feedHealth";
import { checkGravity, collectorGravity, type Gravity, seenAt } from "../signs/gravity";

/** How the pipeline does at a glance; `away`: Thor cannot be reached, `unknown`: it has not answered yet. */
export type Level = "good" | "attention" | "trouble" | "away" | "unknown";
/** Something that is not as it should be, and where it is seen to. */
export interface Concern {
  readonly level: Gravity;
  readonly text: string;
  readonly href: string;
}
/** What the light shows. */
export interface Pipeline {
  readonly level: Level;
  readonly concerns: readonly Concern[];
}
/** What is known of the pipeline; undefined is not known. */
export interface Signs {
  /** Why the last question about health got no answer; null when it got one. */
  readonly failure: Error | null;
  readonly health: Shape<"ReadinessAnswer"> | undefined;
  readonly collectors: readonly Collector[] | undefined;
  readonly alerts: readonly Alert[] | undefined;
  /** What was asked and could not be told, such as alerts. */
  readonly unknown: readonly string[];
  readonly stream: StreamState;
}

// What a proxy before Thor says when that does not answer.
const NOBODY_THERE = [0, 502, 503, 504];

const NOT_LOGGED_IN: Concern = {
  level: "attention",
  text: "you are not logged in: Thor does not tell how it does",
  href: "/operations",
};

/** How the pipeline does: as its worst sign says. Without an answer nothing is claimed. */
export function pipelineOf(signs: Signs): Pipeline {
  if (signs.failure !== null && isAway(signs.failure)) return { level: "away", concerns: [] };
  if (lacksLogin(signs.failure)) return { level: "attention", concerns: [NOT_LOGGED_IN] };
  if (signs.failure === null && !isAnswered(signs)) return { level: "unknown", concerns: [] };
  const concerns = [
    ...ofFailure(signs.failure),
    ...signs.unknown.map(ofUnknown),
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

// Good is claimed only when everything has been told that could say otherwise.
function isAnswered({ health, collectors, alerts, unknown }: Signs): boolean {
  return health !== undefined && (unknown.length > 0 || (collectors !== undefined && alerts !== undefined));
}

function isAway(failure: Error): boolean {
  return !(failure instanceof ApiProblem) || NOBODY_THERE.includes(failure.status);
}

function ofFailure(failure: Error | null): Concern[] {
  if (failure === null) return [];
  return [{ level: "trouble", text: `Thor does not tell how it does: ${failure.message}`, href: "/operations" }];
}

function ofUnknown(what: string): Concern {
  return { level: "attention", text: `Thor does not tell its ${what}`, href: "/operations" };
}

function ofCheck(check: Check): Concern[] {
  const level = checkGravity(check);
  return level === null ? [] : [{ level, text: `${check.name}: ${check.detail}`, href: seenAt(check.name) }];
}

function ofCollector(one: Collector): Concern[] {
  const level = collectorGravity(one);
  if (level === null) return [];
  const { word, why } = feedHealth(one);
  return [{ level, text: `${one.source} is ${word}: ${why}`, href: "/operations/collectors" }];
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
