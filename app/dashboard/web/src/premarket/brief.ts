import { at, type Figure, figureAt, partsAt, shareOf, textAt } from "./figures";

/** What a report recommends for a symbol, with its score out of sample. */
export interface Signal {
  readonly symbol: string;
  readonly action: "BUY" | "SELL" | "HOLD";
  readonly strength: number | null;
  readonly confidence: Figure | null;
  readonly netEdge: Figure | null;
  readonly skill: Figure | null;
  readonly hitRate: Figure | null;
  readonly horizon: string;
  readonly validUntil: string;
  readonly holdsAtOpen: boolean;
  /** Why it is so, and what is to be noted. */
  readonly why: string;
  /** What to hold of it together with the others. */
  readonly contracts: Figure | null;
}

/** Where a symbol is to be expected, what it may lose, and how it has moved. */
export interface Outlook {
  readonly symbol: string;
  readonly base: Figure | null;
  readonly ranges: readonly { readonly horizon: string; readonly interval: Figure }[];
  readonly lossOfSession: Figure | null;
  readonly lossOfContract: Figure | null;
  readonly trend: Figure | null;
  readonly regime: Figure | null;
  readonly volatility: Figure | null;
}

/** All positions held together against the limit of their value at risk. */
export interface Together {
  readonly sum: Figure | null;
  readonly limit: Figure | null;
  readonly factor: Figure | null;
}

/** What data of a symbol the report rests on. */
export interface Data {
  readonly symbol: string;
  readonly verdict: string;
  readonly source: string;
  readonly days: string;
  readonly reasons: readonly string[];
}

/** The symbols that the report is about, in its order. */
export function symbolsOf(report: unknown): readonly string[] {
  return textsAt(report, "symbols");
}

/** The recommendation for each symbol of a report. */
export function signalsOf(report: unknown): readonly Signal[] {
  return symbolsOf(report).map((symbol) => {
    const told = at(report, "signals", symbol);
    const action = textAt(told, "action");
    const strength = at(told, "strength");
    return {
      symbol,
      action: action === "BUY" || action === "SELL" ? action : "HOLD",
      strength: typeof strength === "number" ? strength : null,
      confidence: shareOf(figureAt(told, "confidence")),
      netEdge: figureAt(told, "net_edge"),
      skill: figureAt(told, "out_of_sample", "brier_skill"),
      hitRate: shareOf(figureAt(told, "out_of_sample", "hit_rate")),
      horizon: textAt(told, "horizon"),
      validUntil: textAt(told, "valid_until"),
      holdsAtOpen: at(told, "holds_at_open") === true,
      why: [textAt(told, "reason"), textAt(told, "note")].filter((part) => part !== "").join("; "),
      contracts: figureAt(report, "risk", "positions", "contracts", symbol),
    };
  });
}

/** The outlook of each symbol of a report. */
export function outlooksOf(report: unknown): readonly Outlook[] {
  return symbolsOf(report).map((symbol) => {
    const ranges = partsAt(report, "expected_ranges", symbol).flatMap(([horizon, told]) => {
      const interval = figureAt(told, "interval");
      return interval === null ? [] : [{ horizon, interval, base: figureAt(told, "base") }];
    });
    return {
      symbol,
      base: ranges.find(({ base }) => base !== null)?.base ?? null,
      ranges,
      lossOfSession: figureAt(report, "risk", "symbols", symbol, "session", "var_99"),
      lossOfContract: figureAt(report, "risk", "symbols", symbol, "contract", "var_99"),
      trend: figureAt(report, "outlook", symbol, "trend", "combined"),
      regime: figureAt(report, "outlook", symbol, "regime", "state"),
      volatility: figureAt(report, "outlook", symbol, "volatility", "realised"),
    };
  });
}

/** All positions of a report together. */
export function togetherOf(report: unknown): Together {
  const of = (name: string) => figureAt(report, "risk", "positions", name);
  return { sum: of("sum_of_single_var"), limit: of("limit"), factor: of("factor") };
}

/** What data each symbol of a report rests on. */
export function dataOf(report: unknown): readonly Data[] {
  return symbolsOf(report).map((symbol) => ({
    symbol,
    verdict: textAt(report, "data", symbol, "verdict"),
    source: textAt(report, "data", symbol, "source"),
    days: ["first_day", "last_day"].map((name) => textAt(report, "data", symbol, name)).join(" to "),
    reasons: textsAt(report, "data", symbol, "reasons"),
  }));
}

/** The symbols that were not analysed, and why. */
export function leftOutOf(report: unknown): readonly (readonly [string, string])[] {
  return partsAt(report, "left_out").map(([symbol, why]) => [symbol, String(why)]);
}

function textsAt(document: unknown, ...path: readonly string[]): readonly string[] {
  const node = at(document, ...path);
  return Array.isArray(node) ? node.filter((one): one is string => typeof one === "string") : [];
}
