import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { beforeEach, expect, test, vi } from "vitest";
import { FakeThor, quoteOf, snapshotOf } from "../live/fakes";
import { LiveDesk } from "../live/LiveDesk";
import { LiveQuotes } from "../live/LiveQuotes";
import { QuoteStore } from "../live/QuoteStore";
import { ServerClockProvider } from "../live/ServerClock";
import { windowOf } from "./barWindow";
import { answer } from "./samples";
import { type Instrument, useChart } from "./useChart";

const present = windowOf(answer("14:00:00", "14:05:00"));
const past = { ...present, hasNewer: true };
const now = () => new Date().toISOString();
const bars = vi.hoisted(() => ({
  first: { data: undefined as unknown },
  tail: { mutate: vi.fn(), isPending: false },
}));
vi.mock("./useBars", () => ({ useBars: () => bars }));
let thor: FakeThor;

beforeEach(() => {
  vi.stubGlobal("fetch", async () => new Response("{}", { status: 404 }));
  bars.tail.mutate.mockClear();
  thor = new FakeThor();
  thor.answer = snapshotOf([quoteOf({ ts: now(), recv_ts: now() })], "10-0");
});

test("that the stream is lost is known also while the chart shows the past", async () => {
  const chart = await opened(past);
  expect(chart.result.current.why).toBeNull();

  act(() => thor.source.fail());

  expect(chart.result.current.why).toContain("stream lost");
  expect(chart.result.current.last).toBe("6467.25");
});

test("whoever scrolls to the present has the newest bars asked for", async () => {
  const chart = await opened(past);
  expect(bars.tail.mutate).not.toHaveBeenCalled();

  bars.first.data = present;
  chart.rerender();

  expect(bars.tail.mutate).toHaveBeenCalledTimes(1);
});

test("events that were lost to the page are asked for in the newest bars", async () => {
  await opened(present);
  bars.tail.mutate.mockClear();

  act(() => thor.source.say("reset", { reason: "expired" }));

  expect(bars.tail.mutate).toHaveBeenCalledTimes(1);
});

async function opened(window: typeof present | undefined) {
  bars.first.data = window;
  const desk = new LiveDesk(thor, new QuoteStore((flush) => queueMicrotask(flush)));
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>
      <ServerClockProvider>
        <LiveQuotes desk={desk}>{children}</LiveQuotes>
      </ServerClockProvider>
    </QueryClientProvider>
  );
  const instrument = { symbol: "ES", market: "CME_Futures" } as Instrument;
  const chart = renderHook(() => useChart(instrument, "1m", null), { wrapper });
  await waitFor(() => expect(thor.opened).toHaveLength(1));
  act(() => thor.source.accept());
  return chart;
}
