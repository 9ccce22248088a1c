import { describe, expect, it } from "vitest";
import { quoteOf } from "../live/fakes";
import type { Quote } from "../live/quotes";
import { freshnessOf } from "./freshness";
import { agreementText, percentOf, rowView, wholeAgeText } from "./rowView";
import { lagText, ticksText } from "./SourceDetails";

const AT = Date.parse("2026-11-27T15:00:00Z");
const at = (ms: number, isLost = false) => ({ now: AT + ms, staleAfterMs: 15_000, isLost });
const BOND = { price_format: "32", tick_size: "0.03125", tick_decimals: 5 } as const;
const opinion = (change: Partial<Quote["sources"][number]>): Quote["sources"][number] => ({
  source: "EXCEL",
  ts: "2026-11-27T15:00:00Z",
  age_ms: 0,
  state: "live",
  contract: null,
  last: null,
  bid: null,
  ask: null,
  delayed: false,
  mid_difference_ticks: "0",
  lag_ms: 0,
  agrees: true,
  ...change,
});

describe("a row", () => {
  it("is stale when its own age says so, and not a moment before", () => {
    expect(freshnessOf(quoteOf(), at(15_000))).toBe("live");
    expect(freshnessOf(quoteOf(), at(15_001))).toBe("stale");
  });

  it("is stale by when its quote came where its source's clock runs ahead", () => {
    const ahead = quoteOf({ ts: "2026-11-27T15:01:00Z", recv_ts: "2026-11-27T15:00:00Z" });

    expect(freshnessOf(ahead, at(16_000))).toBe("stale");
  });

  it("does not become stale here while it is not known after how long", () => {
    expect(freshnessOf(quoteOf(), { ...at(99_000), staleAfterMs: null })).toBe("live");
  });

  it("keeps the server's word where that is not live", () => {
    expect(freshnessOf(quoteOf({ state: "closed" }), at(99_000))).toBe("closed");
    expect(freshnessOf(quoteOf({ state: "delayed" }), at(99_000))).toBe("delayed");
  });

  it("is not live while the stream is lost, whatever it was", () => {
    expect(rowView(quoteOf({ state: "closed" }), 0, undefined, at(0, true)).texts.state).toBe("not live");
  });

  it("writes bonds in thirty-seconds, the change too", () => {
    const view = rowView(quoteOf({ last: "117.6875", change: "-0.09375" }), -1, BOND, at(0));

    expect(view.texts).toMatchObject({ last: "117'22", change: "−0'03", arrow: "▼" });
    expect(view.sign).toBe("down");
  });

  it("shows a dash for what is not known, never a zero", () => {
    const nothing = {
      last: null,
      bid: null,
      ask: null,
      change: null,
      close: null,
      volume: null,
      ts: null,
      source: null,
    };
    const { texts, place, sign } = rowView(quoteOf({ ...nothing, bid_size: null }), 0, undefined, at(0));

    expect([texts.last, texts.bid, texts.change, texts.percent, texts.volume, texts.age, texts.source]).toEqual(
      Array(7).fill("–"),
    );
    expect(texts.bidSize).toBe("");
    expect([place, sign]).toEqual([null, "none"]);
  });

  it("places the last price between low and high, and nowhere where they are one", () => {
    expect(rowView(quoteOf({ last: "2", low: "1", high: "5" }), 0, undefined, at(0)).place).toBe(0.25);
    expect(rowView(quoteOf({ last: "9", low: "1", high: "5" }), 0, undefined, at(0)).place).toBe(1);
    expect(rowView(quoteOf({ low: "1", high: "1" }), 0, undefined, at(0)).place).toBeNull();
  });

  it("says that simulated and replayed quotes are made", () => {
    const made = (source: Quote["source"]) => rowView(quoteOf({ source }), 0, undefined, at(0)).isMade;

    expect([made("SIMULATED"), made("REPLAY"), made("SCHWAB"), made(null)]).toEqual([true, true, false, false]);
  });
});

it("takes no percentage of a close that is zero, negative or unknown", () => {
  expect(percentOf("-1.75", "6469.00")).toBe("−0.03");
  expect(percentOf("0.01", "6469.00")).toBe("0.00");
  expect([percentOf("1", "0"), percentOf("1", "-37.63"), percentOf("1", null)]).toEqual(["–", "–", "–"]);
});

it("says who differs, and does not call agreement what was never compared", () => {
  const shown = opinion({ source: "SCHWAB", agrees: null, mid_difference_ticks: null });
  expect(agreementText(quoteOf({ sources: [shown, opinion({})], disagrees: ["EXCEL"] }))).toBe("EXCEL differs");
  expect(agreementText(quoteOf({ sources: [shown, opinion({})] }))).toBe("agree");
  expect(agreementText(quoteOf({ sources: [shown, opinion({ agrees: false })] }))).toBe("differ now");
  expect(agreementText(quoteOf({ sources: [shown, opinion({ agrees: null })] }))).toBe("not compared");
  expect(agreementText(quoteOf({ sources: [shown] }))).toBe("one source");
  expect(agreementText(quoteOf())).toBe("–");
});

it("writes ages in whole seconds, with a sign where a clock runs ahead", () => {
  expect([999, 1_999, 59_000, -3_500, null].map(wholeAgeText)).toEqual(["<1 s", "1 s", "59 s", "−3 s", "–"]);
});

it("tells by how many ticks and how much time a source is off", () => {
  expect(["-3", "0.5", "1", "0", null].map(ticksText)).toEqual(["−3 ticks", "+0.5 ticks", "+1 tick", "0 ticks", "–"]);
  expect([350, -2_000, 0].map(lagText)).toEqual(["350 ms older", "2 s newer", "none"]);
});
