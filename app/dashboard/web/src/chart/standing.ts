import type { StreamStanding } from "../live/LiveQuotes";
import type { QuoteRow } from "../live/quotes";
import { freshnessOf, type Reckoning } from "../quotes/freshness";

/** Why the last bar is not current, by the server's word and the age of the last quote; null when it is. */
export function notCurrent(
  row: QuoteRow | undefined,
  stream: StreamStanding["state"],
  source: string | null,
  displayed: string | undefined,
  age: Omit<Reckoning, "isLost">,
): string | null {
  if (row === undefined) return "not on the watchlist: asked of the server once a minute";
  if (row.quote.state === "closed") return "market closed";
  const shown = displayed ?? row.quote.source;
  if (shown !== null && source !== null && shown !== source) {
    return `the live quotes are of ${shown}: ${source} is asked of the server once a minute`;
  }
  if (stream === "lost") return "stream lost: asked of the server once a minute";
  if (stream !== "live") return "not connected yet";
  const freshness = freshnessOf(row.quote, { ...age, isLost: false });
  if (freshness === "stale") return "stale: no news for too long";
  if (freshness === "delayed") return "delayed by its source";
  return freshness === "no_source" ? "no source delivers it" : null;
}
