import { act, renderHook } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import type { QuoteEvent } from "../live/quotes";
import { windowOf } from "./barWindow";
import { answer, at, bar, event, SESSION } from "./samples";
import { bucketAt } from "./sessions";
import { useLiveBars } from "./useLiveBars";

const heard = vi.hoisted(() => ({
  tell: (_: QuoteEvent) => {},
  row: undefined as { quote: object } | undefined,
  holes: 0,
}));
vi.mock("../live/LiveQuotes", () => {
  const live = {
    store: { row: () => heard.row },
    onEvent: (_: string, listener: (one: QuoteEvent) => void) => {
      heard.tell = listener;
      return () => {};
    },
  };
  return { useLive: () => ({ ...live, standing: { holes: heard.holes } }) };
});

beforeEach(() => {
  heard.row = undefined;
});

const buckets = (ms: number) => bucketAt([SESSION], "1m", ms);
const forming = { ...bar("14:05:00", "14:06:00"), coverage: null, through: at("14:05:10"), through_seq: "1" };
const window = windowOf(answer("14:03:00", "14:05:00", { forming }));

test("what was heard before the first bars came is in the running bar", () => {
  const { result, rerender } = renderHook(({ known }) => useLiveBars("ES", known, buckets), {
    initialProps: { known: undefined as typeof window | undefined },
  });
  act(() => heard.tell(event("14:05:11", { last: "105" })));

  rerender({ known: window });

  expect(result.current?.forming).toMatchObject({ high: "105", tick_count: 6 });
});

test("an event that is told twice, and one of another source, change nothing", async () => {
  const { result } = renderHook(() => useLiveBars("ES", window, buckets));
  const told = event("14:05:11", { last: "105", seq: 7 });

  act(() => {
    for (const one of [told, told, event("14:05:12", { last: "1", source: "EXCEL" })]) heard.tell(one);
  });

  await vi.waitFor(() => expect(result.current?.forming).toMatchObject({ high: "105", low: "99", tick_count: 6 }));
});

const later = windowOf(
  answer("14:03:00", "14:05:00", { forming: { ...forming, through: at("14:05:40"), volume: 510 } }),
);

test.each([
  ["a row of the new snapshot", { ...event("14:05:35", { volume: 1_495 }), stream_id: "20-0" }, 515],
  ["a row from before the hole", { ...event("14:05:11", { volume: 1_000 }), stream_id: null }, 511],
])("volume that grew in a hole of the stream is counted once, with %s", async (_, quote, volume) => {
  const { result, rerender } = renderHook(({ known }) => useLiveBars("ES", known, buckets), {
    initialProps: { known: window },
  });
  act(() => heard.tell(event("14:05:11", { volume: 1_000 })));

  heard.row = { quote };
  heard.holes += 1;
  rerender({ known: window });
  rerender({ known: later });
  act(() => heard.tell(event("14:05:41", { volume: 1_500 })));

  await vi.waitFor(() => expect(result.current?.forming).toMatchObject({ volume, tick_count: 6 }));
});

test("of many events that were heard before the first bars came only the newest are kept", () => {
  const { result, rerender } = renderHook(({ known }) => useLiveBars("ES", known, buckets), {
    initialProps: { known: undefined as typeof window | undefined },
  });
  act(() => {
    for (let seq = 1; seq <= 20_001; seq += 1) heard.tell(event("14:05:11", { seq, last: String(seq) }));
  });

  rerender({ known: window });

  expect(result.current?.forming).toMatchObject({ close: "20001", tick_count: 5 + 10_000 });
});
