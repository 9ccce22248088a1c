import type { Collector } from "../api/operations";
import { durationText } from "../format/times";
import type { Tone } from "../ui/Badge";

/** How a source does: a word, its colour, and why. */
export interface Health {
  readonly tone: Tone;
  readonly word: string;
  readonly why: string;
}

// A feed that brings nothing is started again after 45 s, and readiness fails after 90 s.
const QUIET_S = 45;
const SILENT_S = 90;
// A collector writes its figures every second or two.
const OLD_FIGURES_S = 15;

const STATES: Readonly<Record<Collector["state"], readonly [Tone, string]>> = {
  stopped: ["quiet", "not to be collected now"],
  idle: ["quiet", "its own process is there, and nobody wants it collected"],
  starting: ["info", "wanted, and about to begin: 30 s at most"],
  running: ["ok", "a collector is at work"],
  spooling: ["warn", "Redis takes no quotes: they wait on the collector's disk, in order"],
  "needs login": ["bad", "the login is missing or over"],
  misconfigured: ["bad", "its set-up is not right"],
  failed: ["warn", "the last start came to a bad end, the next follows within 30 s"],
  "crash loop": ["bad", "three starts in ten minutes failed"],
  fenced: ["warn", "another process has taken the source over and is gone: the next start follows"],
  "no collector": ["bad", "wanted, and nobody can collect it"],
};

/** How a source does, by what it brings and not by whether a process lives. */
export function feedHealth(collector: Collector): Health {
  const [tone, meaning] = STATES[collector.state];
  const why = collector.detail || meaning;
  if (collector.state !== "running") return { tone, word: collector.state, why };
  const { health_age_s: written, data_age_s: said } = collector;
  if (written === null || written > OLD_FIGURES_S) {
    return { tone: "bad", word: "no sign of life", why: `its figures were last written ${ago(written)}` };
  }
  if (said === null) return { tone: "warn", word: "nothing yet", why: "it has not brought anything since it began" };
  if (said > SILENT_S) return { tone: "bad", word: "silent", why: `the source has said nothing for ${lasting(said)}` };
  if (said > QUIET_S) return { tone: "warn", word: "quiet", why: `the source has said nothing for ${lasting(said)}` };
  if (collector.feed !== "streaming") return { tone: "warn", word: collector.feed ?? "no feed", why };
  if (collector.silent_symbols.length > 0) {
    return { tone: "warn", word: "streaming", why: `never answered: ${collector.silent_symbols.join(", ")}` };
  }
  return { tone: "ok", word: "streaming", why };
}

/** Who decided whether the source is collected, in words. */
export function wantedText(collector: Collector): string {
  const by = { hand: "by hand", hours: "by market hours", process: "by its own process" };
  const decided = collector.by === null ? "" : `, ${by[collector.by]}`;
  return `${collector.wanted ? "wanted" : "not wanted"}${decided}`;
}

/** Whether a collector of the source has told any figures; without, there is nothing to show of them. */
export function hasFigures(collector: Collector): boolean {
  return collector.health_age_s !== null || collector.wanted || collector.crashes.count > 0;
}

/** Which process holds the source, and under which fencing token. */
export function holderText(collector: Collector): string | null {
  if (collector.holder === null) return null;
  const { kind, host, pid, token } = collector.holder;
  return `${kind === "worker" ? "worker" : "its own process"} ${pid} on ${host}, token ${token}`;
}

function ago(seconds: number | null): string {
  return seconds === null ? "never" : `${lasting(seconds)} ago`;
}

function lasting(seconds: number): string {
  return durationText(seconds * 1_000);
}
