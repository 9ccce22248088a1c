import type { Quote, QuoteState } from "../live/quotes";

/** How current a row is: by the server's word and this page's own reckoning; `not_current`: the stream is lost. */
export type Freshness = QuoteState | "not_current";

/** By what a row's freshness is reckoned; `staleAfterMs` null is not known yet, and then nothing becomes stale here. */
export interface Reckoning {
  /** By the server's clock. */
  readonly now: number;
  readonly staleAfterMs: number | null;
  readonly isLost: boolean;
}

/** What a state is called in the table. */
export const FRESHNESS_WORDS: Readonly<Record<Freshness, string>> = {
  live: "live",
  delayed: "delayed",
  stale: "stale",
  closed: "closed",
  no_source: "no source",
  not_current: "not live",
};

/** How current a quote is now: between two snapshots a live one becomes stale by its own age. */
export function freshnessOf(quote: Quote, { now, staleAfterMs, isLost }: Reckoning): Freshness {
  if (isLost) return "not_current";
  if (quote.state !== "live" || staleAfterMs === null) return quote.state;
  const known = knownAt(quote);
  return known !== null && now - known > staleAfterMs ? "stale" : "live";
}

/** Milliseconds since the quote's event; negative when its source's clock runs ahead, null when it has none. */
export function ageOf(quote: Quote, now: number): number | null {
  return quote.ts === null ? null : now - Date.parse(quote.ts);
}

// As the server has it: the event's time, or when it came where its source's clock runs ahead.
function knownAt(quote: Quote): number | null {
  const times = [quote.ts, quote.recv_ts].flatMap((at) => (at === null ? [] : [Date.parse(at)]));
  return times.length === 0 ? null : Math.min(...times);
}
