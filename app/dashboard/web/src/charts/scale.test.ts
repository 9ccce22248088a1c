import { describe, expect, it } from "vitest";
import { extent, linear, ticks } from "./scale";

describe("a scale", () => {
  it("puts values between the ends, also where the places run backwards", () => {
    expect(linear([0, 10], [100, 0])(2.5)).toBe(75);
  });

  it("puts the only value there is in the middle", () => {
    expect(linear([4, 4], [0, 100])(4)).toBe(50);
  });

  it("has round ticks within its range and no rounding dust", () => {
    expect(ticks(0.05, 0.41)).toEqual([0.1, 0.2, 0.3, 0.4]);
    expect(ticks(-3, 3, 6)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
  });

  it("reaches from the least to the greatest value, and is nothing without values", () => {
    expect(extent([3, 1, 2], 0.5)).toEqual([0, 4]);
    expect(extent([])).toBeNull();
  });
});
