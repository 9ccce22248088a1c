import { describe, expect, it } from "vitest";
import { leftOutOf, outlooksOf, signalsOf, togetherOf } from "./brief";
import { figureText, intervalText } from "./figures";

const missing = {
  value: null,
  n: 0,
  status: "insufficient_data",
  reason: "12 bars, 500 needed",
  method: "skill",
  window: "38 bars",
  asof: "2026-11-25T14:00:00Z",
};
const known = { ...missing, value: 6_449, status: "ok", unit: "price" };
const HITS = { ...missing, value: 0.677, n: 322, status: "ok", ci: [0.62, 0.731] };
const REPORT = {
  symbols: ["NQ", "ES"],
  signals: {
    ES: {
      action: "BUY",
      strength: 0.42,
      reason: "",
      note: "it ends at 14:00 UTC on 2026-11-25, before the open",
      holds_at_open: false,
      out_of_sample: { brier_skill: missing },
      valid_until: "2026-11-25T14:00:00.000000Z",
    },
  },
  expected_ranges: { ES: { "1h": { base: known, interval: { ...known, unit: "points", ci: [6_400, 6_500] } } } },
  risk: { positions: { limit: { ...known, value: 2_000 }, contracts: { ES: { ...known, value: 2 } } } },
  left_out: { YM: "its file is damaged" },
};

describe("a report in short", () => {
  it("has its hits in percent, as all pages have them", () => {
    const [signal] = signalsOf({ symbols: ["ES"], signals: { ES: { out_of_sample: { hit_rate: HITS } } } });
    expect(figureText(signal?.hitRate ?? null)).toBe("67.7 %");
    expect(intervalText(signal?.hitRate ?? null)).toBe("62.0 %–73.1 %");
  });
  it("has the symbols in its own order", () => {
    expect(signalsOf(REPORT).map(({ symbol }) => symbol)).toEqual(["NQ", "ES"]);
  });
  it("keeps the reason why a signal has no score", () => {
    const [, es] = signalsOf(REPORT);
    expect(es).toMatchObject({
      action: "BUY",
      holdsAtOpen: false,
      skill: { value: null, reason: "12 bars, 500 needed" },
    });
    expect(es?.why).toBe("it ends at 14:00 UTC on 2026-11-25, before the open");
  });
  it("recommends nothing where it says nothing", () => {
    expect(signalsOf(REPORT)[0]).toMatchObject({ action: "HOLD", strength: null, skill: null, holdsAtOpen: false });
  });
  it("tells where a price is to be expected, from the price that it was", () => {
    const [, es] = outlooksOf(REPORT);
    expect(es?.base?.value).toBe(6_449);
    expect(es?.ranges).toMatchObject([{ horizon: "1h", interval: { ci: [6_400, 6_500] } }]);
  });
  it("tells the limit, and that the sum is not known", () => {
    expect(togetherOf(REPORT)).toMatchObject({ limit: { value: 2_000 }, sum: null });
  });
  it("names what was left out", () => expect(leftOutOf(REPORT)).toEqual([["YM", "its file is damaged"]]));
  it("of something else is empty", () => expect(signalsOf("not a report")).toEqual([]));
});
