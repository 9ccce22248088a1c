/** How long the bars of a chart are, by the API's names. */
export type Timeframe = "1m" | "5m" | "15m" | "1h" | "1d";

/** The timeframes in order; their keys are 1 to 5. */
export const TIMEFRAMES: readonly Timeframe[] = ["1m", "5m", "15m", "1h", "1d"];

/** How long a bucket is that the session's close does not cut, in milliseconds. */
export const LENGTH_MS: Readonly<Record<Timeframe, number>> = {
  "1m": 60_000,
  "5m": 300_000,
  "15m": 900_000,
  "1h": 3_600_000,
  "1d": 86_400_000,
};

/** A timeframe by its name; 5m for anything else. */
export function timeframeOf(name: string | null): Timeframe {
  return TIMEFRAMES.find((one) => one === name) ?? "5m";
}

/** The next longer timeframe; null after the longest. */
export function coarserThan(timeframe: Timeframe): Timeframe | null {
  return TIMEFRAMES[TIMEFRAMES.indexOf(timeframe) + 1] ?? null;
}
