import { answered, api, type Shape } from "../api/client";
import type { Timeframe } from "./timeframes";

/** What GET /api/bars answers. */
export type BarsAnswer = Shape<"BarsAnswer">;
/** A bar: prices are exact decimal text. */
export type Bar = Shape<"BarsAnswer.BarAnswer">;
/** The bar that runs, made of the ticks up to `through`. */
export type FormingBar = Shape<"BarsAnswer.FormingAnswer">;
/** Buckets of one session that touch and have no bar. */
export type Hole = Shape<"BarsAnswer.HoleAnswer">;

/** What is asked for: the last so many bars before `end`, or those from `start` on. */
export interface BarsQuestion {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly source: string | null;
  readonly last?: number;
  readonly end?: string;
  readonly forming?: boolean;
  readonly start?: string;
  readonly limit?: number;
}

/** Ask for bars; ApiProblem as `answered`. */
export async function askBars(question: BarsQuestion, signal?: AbortSignal): Promise<BarsAnswer> {
  const { source, ...rest } = question;
  // A name that the API does not know is its to refuse.
  const query = { ...rest, ...(source === null ? {} : { source: source as NonNullable<BarsAnswer["source"]> }) };
  const answer = await answered(api.GET("/api/bars", { params: { query }, signal }));
  return answer as BarsAnswer; // The client accepts JSON alone.
}

/** Microseconds since the epoch of an instant of the API, which a millisecond would round. */
export function microsOf(instant: string): number {
  const fraction = /\.(\d+)/.exec(instant)?.[1] ?? "";
  return Math.floor(Date.parse(instant) / 1_000) * 1_000_000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}
