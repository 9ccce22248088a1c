import { bytesText, countText, decimalText, UNKNOWN } from "../../format/numbers";
import { feedHealth } from "../../signs/feedHealth";
import type { Tone } from "../../ui/Badge";
import { numberIn } from "../parts/values";
import { addressOf } from "../sections";
import type { Known } from "./concerns";

/** A part in one figure: how it does in a word, and a line that says what the figure is. */
export interface Tile {
  readonly href: string;
  readonly title: string;
  readonly tone: Tone;
  readonly word: string;
  readonly figure: string;
  readonly line: string;
}

type Standing = Omit<Tile, "href" | "title">;
const NOT_KNOWN: Standing = { tone: "quiet", word: "not known", figure: UNKNOWN, line: "no answer yet" };

/** The tiles of all parts; one of which nothing is known says so. */
export function tilesOf(known: Known): Tile[] {
  return [
    { href: addressOf("alerts"), title: "Alerts", ...alerts(known) },
    { href: addressOf("collectors"), title: "Collectors", ...collectors(known) },
    { href: addressOf("pipeline"), title: "Pipeline", ...pipeline(known) },
    { href: addressOf("sessions"), title: "Sessions", ...sessions(known) },
    { href: addressOf("lake"), title: "Lake", ...lake(known) },
    { href: addressOf("dead-letters"), title: "Dead letters", ...open(known.letters, "entries that were not stored") },
    { href: addressOf("gaps"), title: "Gaps", ...open(known.gaps, "stretches that storage lacks, unexplained") },
  ];
}

function alerts({ alerts, moreAlerts }: Known): Standing {
  if (alerts === undefined) return NOT_KNOWN;
  const critical = alerts.filter((one) => one.severity === "critical").length;
  const unseen = alerts.filter((one) => one.acknowledged_at === null).length;
  return {
    tone: critical > 0 ? "bad" : alerts.length > 0 ? "warn" : "ok",
    word: critical > 0 ? `${critical} critical` : alerts.length > 0 ? "unresolved" : "none",
    figure: `${alerts.length}${moreAlerts ? "+" : ""}`,
    line: `unresolved, of which nobody sees to ${unseen}`,
  };
}

function collectors({ collectors }: Known): Standing {
  if (collectors === undefined) return NOT_KNOWN;
  const wanted = collectors.filter((one) => one.wanted);
  const healths = wanted.map(feedHealth);
  const worst = healths.find((one) => one.tone === "bad") ?? healths.find((one) => one.tone === "warn") ?? healths[0];
  const rate = wanted.reduce((sum, one) => sum + one.rate_per_s, 0);
  return {
    tone: worst?.tone ?? "quiet",
    word: worst?.word ?? "none wanted",
    figure: `${decimalText(rate, 1)} /s`,
    line: wanted.length === 0 ? "no source is to be collected now" : wanted.map((one) => one.source).join(", "),
  };
}

function pipeline({ checks }: Known): Standing {
  const ingest = checks?.find((check) => check.name === "ingest");
  if (ingest === undefined) return NOT_KNOWN;
  return {
    tone: ingest.ok ? "ok" : "bad",
    word: ingest.ok ? "storing" : "failing",
    figure: `${countText(numberIn(ingest, "behind"))} behind`,
    line: ingest.detail,
  };
}

function sessions({ certificates }: Known): Standing {
  if (certificates === undefined) return NOT_KNOWN;
  const count = (verdict: string) => certificates.filter((one) => one.verdict === verdict).length;
  const overdue = certificates.filter((one) => one.overdue).length;
  const failed = count("failed");
  return {
    tone: overdue + failed > 0 ? "bad" : "ok",
    word: overdue > 0 ? `${overdue} overdue` : failed > 0 ? `${failed} failed` : "in time",
    figure: `${count("complete")} complete`,
    line: `${count("incomplete")} incomplete, ${failed} failed; sessions of the last weeks`,
  };
}

function lake({ lake }: Known): Standing {
  if (lake === undefined) return NOT_KNOWN;
  return {
    tone: lake.missing > 0 ? "warn" : "ok",
    word: lake.missing > 0 ? `${countText(lake.missing)} missing` : "none missing",
    figure: bytesText(lake.bytes),
    line: `${countText(lake.files)} files of ticks and bars, trading days: ${countText(lake.days)}`,
  };
}

function open(count: string | undefined, line: string): Standing {
  if (count === undefined) return NOT_KNOWN;
  return { tone: count === "0" ? "ok" : "warn", word: count === "0" ? "none" : "open", figure: count, line };
}
