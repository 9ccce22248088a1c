import type { Shape } from "../api/client";
import type { Tone } from "../ui/Badge";

/** What leads up to an open, as the API tells it. */
export type Ladder = Shape<"LadderAnswer">;
/** A stage of a ladder. */
export type Stage = Ladder["stages"][number];
/** What a ladder came to. */
export type Verdict = NonNullable<Ladder["verdict"]>;

/** A word with its colour, a mark that differs in shape, what it means, and what to do. */
export interface Word {
  readonly word: string;
  readonly mark: string;
  readonly tone: Tone;
  readonly meaning: string;
  readonly advice: string;
}

const VERDICTS: Readonly<Record<Verdict, Omit<Word, "word">>> = {
  READY: { mark: "✓", tone: "ok", meaning: "The report was made in time, and nothing was amiss.", advice: "Use it." },
  DEGRADED: {
    mark: "▲",
    tone: "warn",
    meaning: "The report was made in time, and the reasons tell what to mind.",
    advice: "Read the reasons first; figures without enough data have none anyway.",
  },
  LATE: {
    mark: "◷",
    tone: "bad",
    meaning: "The report was not made by its deadline, or only after that.",
    advice: "Look when it was made, and what it knew.",
  },
  MISSING: {
    mark: "✕",
    tone: "bad",
    meaning: "There was no report at the open.",
    advice: "Do without; `flask premarket run` makes one for the record.",
  },
};
const PHASES: Readonly<Record<Ladder["phase"], Omit<Word, "mark">>> = {
  waiting: { word: "WAITING", tone: "quiet", meaning: "Its first stage is not due yet.", advice: "" },
  climbing: { word: "UNDER WAY", tone: "info", meaning: "Its stages are being done.", advice: "" },
  over: { word: "NO VERDICT", tone: "quiet", meaning: "All stages have ended without one.", advice: "" },
};

/** The verdict of a ladder in words, or how far it is while there is none. */
export function verdictWord(ladder: Pick<Ladder, "verdict" | "phase">): Word {
  if (ladder.verdict === null) return { mark: "…", ...PHASES[ladder.phase] };
  return { word: ladder.verdict, ...VERDICTS[ladder.verdict] };
}

/** The colour of a stage's status. */
export const STATUS_TONE: Readonly<Record<Stage["status"], Tone>> = {
  planned: "quiet",
  started: "info",
  done: "ok",
  late: "bad",
  failed: "bad",
  skipped: "warn",
};

/** What each stage does. */
export const DOES: Readonly<Record<Stage["stage"], string>> = {
  comprehensive: "trend, volatility, seasons, regime and forecasts of each instrument; mends and completes the lake",
  patterns: "trend, levels, candle counts, indicators, volatility and risk of each instrument",
  predictions: "directions of all instruments together, behind the skill gate",
  composite: "the whole analysis of all instruments that are fit, together",
  report: "the same as of now; the report is made of it, kept, and put into the cache",
  verify: "compares the report in the cache with the one in the database, at the open",
};
