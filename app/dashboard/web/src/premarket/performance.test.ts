import { describe, expect, it } from "vitest";
import { figureText } from "./figures";
import { binsIn, driftOf, figureOf, keyOf, madeLaterOf, type Series } from "./performance";

const figure = { value: 0.6, n: 80, status: "ok", method: "share", window: "80", asof: "2026-11-25T22:00:00Z" };
const SERIES = {
  model: "direction-logistic 1",
  model_id: 3,
  symbol: "ES",
  horizon: "1h",
  figures: {
    all: {
      brier: figure,
      hit_rate: figure,
      bins: [
        { p: 0.6, rate: { ...figure, ci: [0.5, 0.7] } },
        { p: 0.4, rate: { ...figure, value: 0.45 } },
        { p: 0.5, rate: { ...figure, value: null, status: "insufficient_data", reason: "too few" } },
      ],
    },
    last_100: { bins: [] },
    degradation: { cusum: figure },
    made_later: 2,
  },
} as unknown as Series;

describe("a track record", () => {
  it("has the bins of the span that is meant", () => {
    expect(binsIn(SERIES, "all").map(({ said }) => said)).toEqual([0.4, 0.6]);
    expect(binsIn(SERIES, "last_100")).toEqual([]);
  });
  it("tells its figures, its drift and what came too late", () => {
    expect(figureOf(SERIES, "all", "brier")?.value).toBe(0.6);
    expect(figureOf(SERIES, "last_100", "brier")).toBeNull();
    expect(figureText(figureOf(SERIES, "all", "hit_rate"))).toBe("60.0 %");
    expect(driftOf(SERIES)?.n).toBe(80);
    expect(madeLaterOf(SERIES)).toBe(2);
  });
  it("is told apart by its model, too", () => expect(keyOf({ ...SERIES, model_id: 4 })).not.toBe(keyOf(SERIES)));
});
