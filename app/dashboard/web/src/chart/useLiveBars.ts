import { useEffect, useRef, useState } from "react";
import { useLive } from "../live/LiveQuotes";
import type { QuoteEvent } from "../live/quotes";
import { microsOf } from "./bars";
import type { BarWindow } from "./barWindow";
import { type BucketAt, type LiveBars, liveBarsOf, withEvent } from "./liveBars";

/** Events are kept so long after the server counted them, for an answer may be older than what was heard. */
const KEPT_MICROS = 120_000_000;

/** So many are kept at most, for they may come for long before there are bars; then the older half is put aside. */
const MOST_KEPT = 20_000;

/** A snapshot may have told an event that the stream tells, too: so far back it is looked for. */
const RECENT = 50;

/** The bars since the server's last word, anew at most once a frame; null where the window does not reach the present. */
export function useLiveBars(symbol: string, window: BarWindow | undefined, bucketAt: BucketAt): LiveBars | null {
  const { onEvent, store, standing } = useLive();
  const { holes } = standing;
  const heard = useRef<QuoteEvent[]>([]);
  const live = useRef<LiveBars | null>(null);
  const [shown, setShown] = useState<LiveBars | null>(null);
  const latest = useRef({ source: window?.source, bucketAt });
  latest.current = { source: window?.source, bucketAt };

  // It is listened before the first bars are there, so that nothing is missed between them and the stream. Across a hole
  // no volume is compared: what grew in it is in bars that only the server knows.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above.
  useEffect(() => {
    const row = store.row(symbol)?.quote;
    // A row without a place in the stream may be from before the hole.
    heard.current = row === undefined || row.stream_id === null ? [] : [row];
    let frame: number | null = null;
    const show = () => {
      frame = null;
      setShown(live.current);
    };
    const stop = onEvent(symbol, (event) => {
      if (heard.current.slice(-RECENT).some((one) => isSame(one, event))) return;
      heard.current.push(event);
      if (heard.current.length > MOST_KEPT) heard.current = heard.current.slice(-MOST_KEPT / 2);
      if (live.current === null || event.source !== latest.current.source) return;
      live.current = withEvent(live.current, event, latest.current.bucketAt);
      frame ??= requestAnimationFrame(show);
    });
    return () => {
      stop();
      if (frame !== null) cancelAnimationFrame(frame);
    };
  }, [symbol, onEvent, store, holes]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: what was heard begins anew with a hole.
  useEffect(() => {
    const mine = heard.current.filter((event) => event.source === window?.source);
    live.current = window === undefined || window.hasNewer ? null : liveBarsOf(window, mine, bucketAt);
    const oldest = (live.current?.through ?? 0) - KEPT_MICROS;
    heard.current = heard.current.filter((event) => event.ts != null && microsOf(event.ts) > oldest);
    setShown(live.current);
  }, [window, bucketAt, holes]);

  return shown;
}

// A seq is larger than a number of this language can tell apart from its neighbours, so that it alone does not do.
function isSame(a: QuoteEvent, b: QuoteEvent): boolean {
  return a.ts === b.ts && a.seq === b.seq && a.last === b.last && a.volume === b.volume && a.bid === b.bid;
}
