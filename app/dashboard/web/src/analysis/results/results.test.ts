import { describe, expect, it } from "vitest";
import { titleOf } from "../wording";
import { blockOf, countOf, sorted } from "./blocks";
import { coneOf, quantile } from "./cone";
import { type Figure, figuresIn, isFigure } from "./figures";
import { intervalText, placesText, pText, readable, scaleOf, valueText } from "./measures";

function made(parts: Partial<Figure> = {}): Figure {
  return { value: 1, n: 10, status: "ok", method: "m", window: "w", asof: "2026-01-06T20:00:00Z", ...parts };
}

describe("figures of a document", () => {
  it("are found wherever they stand, also in lists, with their places", () => {
    const tree = { trend: { combined: made() }, levels: [{ level: made({ value: 2 }) }], verdict: "ok" };

    expect(figuresIn(tree).map((one) => one.path.join("/"))).toEqual(["trend/combined", "levels/0/level"]);
  });

  it("are told from parts that only have a value", () => {
    expect(isFigure({ value: 1, status: "ok" })).toBe(false);
    expect(isFigure(null)).toBe(false);
  });
});

describe("a value", () => {
  it("is a share in percent where its unit or its name says so", () => {
    expect(valueText(made({ value: 0.1546, unit: "fraction a year" }), ["realised"])).toBe("15.5 % a year");
    expect(readable(0.6770186, scaleOf(["hit_rate"], undefined))).toBe("67.7 %");
    expect(readable(0.0984, scaleOf(["portfolio", "weights", "equal", "ES"], undefined))).toBe("9.84 %");
    expect(readable(0.9846, scaleOf(["volatility", "label"], undefined))).toBe("98.5 %");
  });

  it("keeps short numbers whole, rounds long ones, and has a true minus sign", () => {
    expect(readable(0.25, "plain")).toBe("0.25");
    expect(readable(-0.08762655612843682, "plain")).toBe("−0.0876");
    expect(readable(45806.136153839, "price")).toBe("45,806.14");
    expect(readable(-1234, "plain")).toBe("−1,234");
  });

  it("is never zero where it is not known", () => {
    expect(valueText(made({ value: null, reason: "too little" }), ["t"])).toBe("–");
    expect(intervalText(made(), ["t"])).toBeNull();
  });

  it("has an interval in the same scale", () => {
    expect(intervalText(made({ ci: [0.1487, 0.1608], unit: "fraction a year" }), ["x"])).toBe("14.9 % to 16.1 %");
  });

  it("has so many places where many stand side by side, and no sign on nothing", () => {
    expect([placesText(-0.002, 2), placesText(-0.594, 2), placesText(0.016, 2)]).toEqual(["0.00", "−0.59", "0.02"]);
  });

  it("has a p that is never rounded to nothing", () => {
    expect([pText(0.0000174), pText(0.0421)]).toEqual(["< 0.001", "0.042"]);
  });
});

describe("a block", () => {
  const block = blockOf(
    "Trend",
    { "1h": { t: made() }, "1m": { t: made({ value: null, reason: "no" }) }, rows: [{ a: made(), b: 2 }], days: [] },
    [],
  );

  it("has every figure once, and timeframes in the order of time", () => {
    expect(block.blocks.map((one) => one.title)).toEqual(["1m", "1h"]);
    expect(countOf(block)).toEqual({ all: 3, known: 2 });
  });

  it("makes tables of alike entries, and says that a list is empty", () => {
    expect(block.grids.map((grid) => grid.columns)).toEqual([["a", "b"]]);
    expect(block.facts).toEqual([{ name: "Days", text: "none" }]);
  });

  it("says once why several figures have no value", () => {
    const none = (status: Figure["status"], reason: string) => made({ value: null, status, reason });
    const placed = [
      { path: ["var_95"], figure: none("insufficient_data", "3 sessions, 60 needed") },
      { path: ["es_95"], figure: none("insufficient_data", "3 sessions, 60 needed") },
      { path: ["t"], figure: none("degraded_data", "stale") },
      { path: ["n"], figure: made() },
    ];

    const { known, missing } = sorted(placed);

    expect(known).toHaveLength(1);
    expect(missing.map((one) => [one.names.join(), one.reason])).toEqual([
      ["VaR 95 %,Expected shortfall 95 %", "3 sessions, 60 needed"],
      ["t of the mean return", "stale"],
    ]);
  });
});

describe("the cone of volatility", () => {
  it("has only spans with ten stretches and twice the sessions", () => {
    expect(coneOf(Array(9).fill(0.1))).toEqual([]);
    expect(coneOf(Array(15).fill(0.1)).map((step) => step.span)).toEqual([1, 2, 5]);
    expect(coneOf(Array(74).fill(0.1)).map((step) => step.span)).toEqual([1, 2, 5, 10, 20]);
  });

  it("squares before it averages, and ends with the present", () => {
    const [one, two] = coneOf([...Array(11).fill(0.1), 0.3]);

    expect(one).toMatchObject({ least: 0.1, median: 0.1, greatest: 0.3, now: 0.3 });
    expect(two?.now).toBeCloseTo(Math.sqrt((0.01 + 0.09) / 2));
  });

  it("finds quantiles between neighbours", () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  });
});

describe("words", () => {
  it("leaves symbols and spans as they are, and knows abbreviations", () => {
    expect(["ES", "1h", "brier_skill", "rsi_14", "var_95"].map(titleOf)).toEqual([
      "ES",
      "1h",
      "Brier skill",
      "RSI 14",
      "VaR 95 %",
    ]);
  });
});
