import { useCallback, useEffect, useMemo, useRef } from "react";
import type { Shape } from "../api/client";
import { useDesk } from "../api/installation";
import { useLive, useQuoteRow, useSources } from "../live/LiveQuotes";
import { useServerNow } from "../live/ServerClock";
import { marksOf } from "./marks";
import { bucketAt, useHours } from "./sessions";
import { slotOf, slotsOf } from "./slots";
import { notCurrent } from "./standing";
import { useTailClock } from "./tailClock";
import type { Timeframe } from "./timeframes";
import { useBars } from "./useBars";
import { useLiveBars } from "./useLiveBars";

/** An instrument as GET /api/instruments tells it. */
export type Instrument = Shape<"InstrumentsAnswer.InstrumentAnswer">;

/** All that a chart shows of a symbol's bars, and how to have more of them. */
export function useChart(instrument: Instrument, timeframe: Timeframe, wantedSource: string | null) {
  const { symbol, market } = instrument;
  const bars = useBars(symbol, timeframe, wantedSource);
  const window = bars.first.data;
  const now = useServerNow();
  const sessions = useHours(market, window?.start, now);
  const desk = useDesk().data;
  const marketZone = desk?.markets.find((one) => one.name === market)?.timezone ?? "UTC";
  const buckets = useCallback((ms: number) => bucketAt(sessions, timeframe, ms), [sessions, timeframe]);
  const live = useLiveBars(symbol, window, buckets);
  const row = useQuoteRow(symbol);
  const { standing } = useLive();
  const displayed = useSources().displayed[symbol];

  const axis = useMemo(() => ({ timeframe, marketZone, sessions }), [timeframe, marketZone, sessions]);
  const told = useMemo(() => (window ? slotsOf(window.bars, window.holes, axis) : []), [window, axis]);
  const running = useMemo(
    () =>
      live === null
        ? []
        : [...live.ended, ...(live.forming ? [live.forming] : [])].map((bar) => slotOf(bar, axis, true)),
    [live, axis],
  );
  const slots = useMemo(() => {
    const last = told.at(-1)?.time ?? Number.NEGATIVE_INFINITY;
    return [...told, ...running.filter((slot) => slot.time > last)];
  }, [told, running]);
  const count = slots.length;
  // A bar that changes in its place changes no mark.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above.
  const marks = useMemo(() => marksOf(slots, sessions, timeframe === "1d"), [told, count, sessions, timeframe]);

  const { mutate: askTail, isPending: isAsking } = bars.tail;
  const refresh = useCallback(() => {
    if (!isAsking) askTail();
  }, [askTail, isAsking]);
  const isAtPresent = window !== undefined && !window.hasNewer;
  useTailClock(isAtPresent, buckets, refresh);
  // What was missed while nobody listened is in the server's next word.
  const isLive = standing.state === "live";
  const isPast = window?.hasNewer === true;
  const wasAway = useRef(false);
  const holes = useRef(standing.holes);
  useEffect(() => {
    if (!isLive || isPast || holes.current !== standing.holes) wasAway.current = true;
    holes.current = standing.holes;
    if (!isLive || !isAtPresent || !wasAway.current) return;
    wasAway.current = false;
    askTail();
  }, [isLive, isPast, isAtPresent, standing.holes, askTail]);

  const age = { now, staleAfterMs: desk?.stale_after_ms ?? null };
  const why = window === undefined ? null : notCurrent(row, standing.state, window.source, displayed, age);
  const isShown = row !== undefined && (displayed ?? row.quote.source) === window?.source;
  return { bars, window, sessions, slots, marks, why, last: isShown ? row.quote.last : null };
}
