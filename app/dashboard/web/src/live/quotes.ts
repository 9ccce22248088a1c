import type { Shape } from "../api/client";

/** A quote as GET /api/quotes answers it: prices are exact decimal text, null is not known. */
export type Quote = Shape<"QuotesAnswer.QuoteAnswer">;
/** What GET /api/quotes answers. */
export type Snapshot = Shape<"QuotesAnswer">;
/** How current a quote is, by the server's word. */
export type QuoteState = Quote["state"];

/** What an event `quote` of the stream carries; a field that is left out is not known. */
export type QuoteEvent = Partial<Quote> & Pick<Quote, "symbol">;

/** What an event `sources` carries: each source's state, and whose quotes are displayed of each symbol. */
export interface SourcesEvent {
  readonly sources: Readonly<Record<string, string>>;
  readonly displayed: Readonly<Record<string, string>>;
}

/** Where the price went with its last change: 1 up, -1 down, 0 not known yet. */
export type Direction = -1 | 0 | 1;

/** A symbol's newest displayed quote; a new object whenever anything of it changes. */
export interface QuoteRow {
  readonly symbol: string;
  readonly quote: Quote;
  readonly direction: Direction;
  /** How many times the last price has changed since the page was opened; a flash is due when it grows. */
  readonly changes: number;
}

/** Whether stream id `a` lies after `b`; any id lies after none. */
export function isAfter(a: string, b: string | null): boolean {
  if (b === null) return true;
  const [aMs = "0", aSeq = "0"] = a.split("-");
  const [bMs = "0", bSeq = "0"] = b.split("-");
  return Number(aMs) !== Number(bMs) ? Number(aMs) > Number(bMs) : Number(aSeq) > Number(bSeq);
}
