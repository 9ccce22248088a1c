import { describe, expect, it } from "vitest";
import type { Priced } from "../format/prices";
import { at, type Figure, figureAt, figureText, intervalText } from "./figures";

const ES: Priced = { price_format: "D", tick_size: "0.25", tick_decimals: 2 };
const YM: Priced = { price_format: "D", tick_size: "1", tick_decimals: 0 };
const ZB: Priced = { price_format: "32", tick_size: "0.03125", tick_decimals: 5 };

function figure(told: Partial<Figure>): Figure {
  return {
    value: 0.5,
    n: 640,
    status: "ok",
    method: "a share",
    window: "640 bars",
    asof: "2026-11-25T14:00:00Z",
    ...told,
  };
}

describe("what lies in a document", () => {
  it("is found by its path, and is nothing beyond a leaf or a list", () => {
    const document = { signals: { ES: { action: "BUY", steps: [1] } } };
    expect(at(document, "signals", "ES", "action")).toBe("BUY");
    expect(at(document, "signals", "ES", "action", "more")).toBeUndefined();
    expect(at(document, "signals", "ES", "steps", "0")).toBeUndefined();
  });
  it("is a figure only with what figures have", () => {
    expect(figureAt({ one: figure({}) }, "one")).toEqual(figure({}));
    expect(figureAt({ one: { value: 1 } }, "one")).toBeNull();
  });
});

describe("a figure's value", () => {
  it("is not known without enough data, and never 0", () => {
    expect(figureText(figure({ value: null, status: "insufficient_data", reason: "12 outcomes" }))).toBe("–");
  });
  it.each([
    ["log return", 0.0182, "1.8 %"],
    ["fraction a year", 0.1587, "15.9 %"],
    ["contracts", -2, "-2"],
    ["currency", 2_999.6, "3,000"],
    ["", 0.01234, "0.012"],
  ])("in the unit %j is written as that has it", (unit, value, text) => {
    expect(figureText(figure({ unit, value }))).toBe(text);
  });
  it("is written as the instrument's prices where it is one, and as a distance where it is that", () => {
    expect(figureText(figure({ unit: "price", value: 6_418.924809634619 }), ES)).toBe("≈6,419.00");
    expect(figureText(figure({ unit: "price", value: 118.5151 }), ZB)).toBe("≈118'16");
    expect(figureText(figure({ unit: "points", value: 0.11 }), ES)).toBe("0.11");
    expect(figureText(figure({ unit: "points", value: 0.3 }), YM)).toBe("0.30");
  });
});

describe("an interval", () => {
  it("of points is one of prices", () => {
    const found = figure({ unit: "points", value: 60.29, ci: [6_418.92, 6_479.22] });
    expect(intervalText(found, ES)).toBe("≈6,419.00–6,479.25");
  });
  it("is said in words where a dash would be mistaken for a sign", () => {
    expect(intervalText(figure({ ci: [-0.02, 0.03] }), undefined, 2)).toBe("-0.02 to 0.03");
  });
  it("is empty where a figure has none", () => expect(intervalText(figure({}))).toBe(""));
});
