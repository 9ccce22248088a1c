import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answered, api, type Shape } from "../api/client";
import type { operations } from "../api/schema";
import { LENGTH_MS, type Timeframe } from "./timeframes";

type MarketName = NonNullable<NonNullable<operations["getSessions"]["parameters"]["query"]>["market"]>;

/** A session's hours, in milliseconds since the epoch; `rth` null where it has no regular hours. */
export interface Hours {
  readonly day: string;
  readonly open: number;
  readonly close: number;
  readonly rth: { readonly open: number; readonly close: number } | null;
}

/** A bucket of bars, in milliseconds since the epoch. */
export interface Bucket {
  readonly open: number;
  readonly close: number;
}

/** The sessions of a market from before an instant until after the present; empty until they are known. */
export function useHours(market: string | undefined, since: string | undefined, nowMs: number): readonly Hours[] {
  // Whole months, so that a chart that is scrolled asks seldom.
  const start =
    since === undefined ? undefined : `${new Date(Date.parse(since) - 86_400_000).toISOString().slice(0, 7)}-01`;
  const end = new Date(nowMs + 7 * 86_400_000).toISOString().slice(0, 10);
  const query = useQuery({
    queryKey: ["sessions", market, start, end],
    queryFn: ({ signal }) =>
      answered(api.GET("/api/sessions", { params: { query: { market: market as MarketName, start, end } }, signal })),
    enabled: market !== undefined && start !== undefined,
    staleTime: 600_000,
    placeholderData: (before, asked) => (asked?.queryKey[1] === market ? keepPreviousData(before) : undefined),
    select: hoursOf,
  });
  return query.data ?? NO_HOURS;
}

/** The session that runs at an instant, by bisection; undefined between sessions. */
export function hoursAt(sessions: readonly Hours[], ms: number): Hours | undefined {
  let low = 0;
  let high = sessions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sessions[middle]?.close ?? 0) <= ms) low = middle + 1;
    else high = middle;
  }
  const found = sessions[low];
  return found !== undefined && found.open <= ms ? found : undefined;
}

/** The bucket of an instant, counted from its session's open and cut at its close; null between sessions. */
export function bucketAt(sessions: readonly Hours[], timeframe: Timeframe, ms: number): Bucket | null {
  const hours = hoursAt(sessions, ms);
  if (hours === undefined) return null;
  const length = LENGTH_MS[timeframe];
  const open = hours.open + Math.floor((ms - hours.open) / length) * length;
  return { open, close: Math.min(open + length, hours.close) };
}

const NO_HOURS: readonly Hours[] = [];

function hoursOf(answer: Shape<"SessionsAnswer">): readonly Hours[] {
  return answer.sessions.map(({ session_date, session_open, session_close, rth }) => ({
    day: session_date,
    open: Date.parse(session_open),
    close: Date.parse(session_close),
    rth: rth.open === null || rth.close === null ? null : { open: Date.parse(rth.open), close: Date.parse(rth.close) },
  }));
}
