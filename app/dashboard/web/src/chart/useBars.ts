import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef } from "react";
import { useServerClock } from "../live/ServerClock";
import { askBars, type BarsAnswer } from "./bars";
import { type BarWindow, windowOf, withNewer, withOlder, withTail } from "./barWindow";
import { LENGTH_MS, type Timeframe } from "./timeframes";

/** Bars that are asked for at once. */
export const PAGE = 500;

const AGAIN_MS = 15_000;

type Take = (window: BarWindow, answer: BarsAnswer) => BarWindow | null;

/** A part of a symbol's history, of one source, and how to have more of it. */
export function useBars(symbol: string, timeframe: Timeframe, source: string | null) {
  const client = useQueryClient();
  const clock = useServerClock();
  const key = ["bars", symbol, timeframe, source];
  const first = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) =>
      windowOf(await askBars({ symbol, timeframe, source, last: PAGE, forming: true }, signal)),
    // What follows is asked for when a bucket ends, and joined with this.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    // Where there are none yet, or nobody can tell, there may be some soon.
    refetchInterval: ({ state }) => (state.error !== null && state.data === undefined ? AGAIN_MS : false),
  });
  // A query that is asked again forgets what was said before, which stays in sight until there is an answer.
  const said = useRef<Error | null>(null);
  if (!first.isPending) said.current = first.error;
  const more = (ask: (window: BarWindow) => Promise<BarsAnswer>, take: Take) => ({
    mutationFn: async () => {
      const window = client.getQueryData<BarWindow>(key);
      if (window === undefined) return;
      const answer = await ask(window);
      const now = client.getQueryData<BarWindow>(key);
      // What was moved meanwhile does not join with this answer.
      if (now === undefined || now.start !== window.start || now.hasNewer !== window.hasNewer) return;
      const taken = take(now, answer);
      if (taken === null) await client.resetQueries({ queryKey: key, exact: true });
      else client.setQueryData(key, taken);
    },
  });
  const same = { symbol, timeframe };
  const older = useMutation(
    more((one) => askBars({ ...same, source: one.source, last: PAGE, end: one.previousEnd ?? one.start }), withOlder),
  );
  const newer = useMutation(
    more((one) => askBars({ ...same, source: one.source, start: one.end, limit: PAGE }), withNewer),
  );
  const tail = useMutation(
    more((one) => {
      const last = tailLength(one, timeframe, clock.now());
      return askBars({ ...same, source: one.source, last, forming: true });
    }, withTail),
  );
  const toPresent = useCallback(() => {
    void client.resetQueries({ queryKey: ["bars", symbol, timeframe, source], exact: true });
  }, [client, symbol, timeframe, source]);
  return { first, problem: said.current, older, newer, tail, toPresent };
}

/** So many bars reach back to the window's end, and a little further, for late ticks change what was told. */
function tailLength(window: BarWindow, timeframe: Timeframe, now: number): number {
  const behind = Math.ceil((now - Date.parse(window.end)) / LENGTH_MS[timeframe]);
  return Math.min(PAGE, Math.max(0, behind) + 3);
}
