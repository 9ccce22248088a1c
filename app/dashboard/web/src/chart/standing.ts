import type { StreamStanding } from "../live/LiveQuotes";
import type { QuoteRow } from "../live/quotes";

/** Why the last bar is not current; null when it is. */
export function notCurrent(
  row: QuoteRow | undefined,
  stream: StreamStanding["state"],
  source: string | null,
  displayed: string | undefined,
): string | null {
  if (row === undefined) return "not on the watchlist: asked of the server once a minute";
  if (row.quote.state === "closed") return "market closed";
  const shown = displayed ?? row.quote.source;
  if (shown !== null && source !== null && shown !== source) {
    return `the live quotes are of ${shown}: ${source} is asked of the server once a minute`;
  }
  if (stream === "lost") return "stream lost: asked of the server once a minute";
  if (stream !== "live") return "not connected yet";
  if (row.quote.state === "stale") return "stale: no news for too long";
  if (row.quote.state === "delayed") return "delayed by its source";
  return row.quote.state === "no_source" ? "no source delivers it" : null;
}
