import { describe, expect, it } from "vitest";
import { extent, linear, linePath, ticks } from "./scale";

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

it("a line is broken where a value is not known, and nothing is drawn in its place", () => {
  const same = (value: number) => value;
  expect(linePath([1, 2, null, 3, 4], same, same)).toBe("M0.0 1.0L1.0 2.0M3.0 3.0L4.0 4.0");
});
