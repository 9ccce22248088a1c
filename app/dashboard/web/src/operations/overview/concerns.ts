import type { Alert, Certified, Check, Collector, LakeTotals } from "../../api/operations";
import { dayText } from "../../format/times";
import { feedHealth } from "../../signs/feedHealth";
import { checkGravity, collectorGravity, type Gravity, seenAt } from "../../signs/gravity";
import type { Tone } from "../../ui/Badge";
import { addressOf } from "../sections";

/** What the server has told; undefined is not known (yet), and says nothing about how things are. */
export interface Known {
  readonly alerts: readonly Alert[] | undefined;
  readonly moreAlerts: boolean;
  readonly checks: readonly Check[] | undefined;
  readonly collectors: readonly Collector[] | undefined;
  /** How many are open, such as 7 or 100+. */
  readonly letters: string | undefined;
  readonly gaps: string | undefined;
  readonly certificates: readonly Certified[] | undefined;
  readonly lake: LakeTotals | undefined;
}

/** Something to look after: how grave in a word, what it is, since when, and where it is dealt with. */
export interface Concern {
  readonly key: string;
  readonly tone: Tone;
  readonly word: string;
  readonly title: string;
  readonly detail: string;
  readonly since: string | null;
  readonly href: string;
}

const TONES: Record<Alert["severity"], Tone> = { critical: "bad", warning: "warn", info: "info" };
const RANKS: Record<Tone, number> = { bad: 0, warn: 1, info: 2, quiet: 3, ok: 4 };
const GRAVITIES: Record<Gravity, Tone> = { trouble: "bad", attention: "warn" };

/** The colour of a severity. */
export function severityTone(severity: Alert["severity"]): Tone {
  return TONES[severity];
}

/** Everything that needs attention, the gravest first; of the same gravity, alerts first. */
export function concernsOf(known: Known): Concern[] {
  const isAlerted = known.alerts?.some((alert) => alert.rule === "dead_letters");
  const all = [
    ...(known.alerts ?? []).map(ofAlert),
    ...(known.checks ?? []).flatMap(ofCheck),
    ...(known.collectors ?? []).flatMap(ofCollector),
    ...(known.certificates ?? []).filter((one) => one.overdue || one.verdict === "failed").map(ofSession),
    ...(isAlerted ? [] : ofLetters(known.letters)),
    ...ofLake(known.lake),
    ...ofGaps(known.gaps),
  ];
  return all.sort((a, b) => RANKS[a.tone] - RANKS[b.tone]);
}

function ofAlert(alert: Alert): Concern {
  return {
    key: `alert ${alert.id}`,
    tone: severityTone(alert.severity),
    word: alert.severity,
    title: alert.subject ? `${alert.title}: ${alert.subject}` : alert.title,
    detail: alert.acknowledged_at ? `${alert.detail} (${alert.acknowledged_by} sees to it)` : alert.detail,
    since: alert.raised_at,
    href: `${addressOf("alerts")}?alert=${alert.id}`,
  };
}

function ofCheck(check: Check): Concern[] {
  const gravity = checkGravity(check);
  if (gravity === null) return [];
  return [
    {
      key: `check ${check.name}`,
      tone: GRAVITIES[gravity],
      word: gravity === "trouble" ? "failing" : "warning",
      title: `Readiness of ${check.name.replaceAll("_", " ")}`,
      detail: check.detail,
      since: null,
      href: seenAt(check.name),
    },
  ];
}

function ofCollector(collector: Collector): Concern[] {
  const gravity = collectorGravity(collector);
  if (gravity === null) return [];
  const { word, why } = feedHealth(collector);
  return [
    {
      key: `collector ${collector.source}`,
      tone: GRAVITIES[gravity],
      word,
      title: `Collector of ${collector.source}`,
      detail: why,
      since: null,
      href: seenAt("feeds"),
    },
  ];
}

function ofSession(one: Certified): Concern {
  return {
    key: `session ${one.market} ${one.session_date}`,
    tone: one.overdue ? "bad" : "warn",
    word: one.overdue ? "overdue" : "failed",
    title: `Session of ${dayText(one.session_date)}, ${one.market}`,
    detail: one.overdue ? "over, and neither closed nor certified" : one.reasons.join("; "),
    since: one.made_at,
    href: `${addressOf("sessions")}?market=${one.market}&month=${one.session_date.slice(0, 7)}&day=${one.session_date}`,
  };
}

function ofLetters(open: string | undefined): Concern[] {
  if (open === undefined || open === "0") return [];
  const title = open === "1" ? "1 dead letter is open" : `${open} dead letters are open`;
  const detail = "entries that could not be stored: correct and re-drive them, or discard them with a reason";
  return [{ key: "letters", tone: "warn", word: "open", title, detail, since: null, href: addressOf("dead-letters") }];
}

function ofGaps(open: string | undefined): Concern[] {
  if (open === undefined || open === "0") return [];
  const title = open === "1" ? "1 gap is open" : `${open} gaps are open`;
  const detail = "numbers or minutes that storage lacks, and no loss accounts for them";
  const href = `${addressOf("gaps")}?state=open`;
  return [{ key: "gaps", tone: "info", word: "open", title, detail, since: null, href }];
}

function ofLake(lake: LakeTotals | undefined): Concern[] {
  if (lake === undefined || lake.missing === 0) return [];
  const title = lake.missing === 1 ? "1 file is missing in the lake" : `${lake.missing} files are missing in the lake`;
  const detail = "ticks of sessions that are over and not exported: the workers do it, or have it done";
  return [{ key: "lake", tone: "warn", word: "missing", title, detail, since: null, href: addressOf("lake") }];
}
