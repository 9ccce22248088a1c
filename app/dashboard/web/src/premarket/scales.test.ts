import { describe, expect, it } from "vitest";
import { extent, linear, linePath } from "./scales";

describe("a scale", () => {
  it("goes from end to end, downwards as well", () => {
    const y = linear([0, 10], [100, 0]);
    expect([y(0), y(2.5), y(10)]).toEqual([100, 75, 0]);
  });
  it("puts a single number in the middle", () => expect(linear([3, 3], [0, 10])(3)).toBe(5));
});

describe("what a drawing spans", () => {
  it("is the values and what must be seen, with room around", () => {
    expect(extent([2, 10], [0], 0.1)).toEqual([-1, 11]);
  });
  it("has a length though all values are the same", () => {
    const [low, high] = extent([5]);
    expect(low).toBeLessThan(5);
    expect(high).toBeGreaterThan(5);
  });
});

it("a line is broken where a value is not known, and nothing is drawn in its place", () => {
  const same = (value: number) => value;
  expect(linePath([1, 2, null, 3, 4], same, same)).toBe("M0.0 1.0L1.0 2.0M3.0 3.0L4.0 4.0");
});
