import { expect, test } from "vitest";
import { pathOf, roundTop } from "./curve";

test("a curve goes from left to right, with the highest value at the top", () => {
  const points = [
    { at: 100, value: 0 },
    { at: 150, value: 10 },
    { at: 200, value: 5 },
  ];

  expect(pathOf(points, 10, 200, 40)).toBe("M0.0 40.0L100.0 0.0L200.0 20.0");
});

test("a value that is not known breaks the curve instead of drawing zero", () => {
  const points = [1, null, 3].map((value, at) => ({ at, value }));

  expect(pathOf(points, 4, 100, 40)).toBe("M0.0 30.0M100.0 10.0");
});

test("one point is no curve", () => expect(pathOf([{ at: 1, value: 2 }], 4, 100, 40)).toBe(""));

test("the scale ends at a round number that nothing exceeds", () => {
  expect(roundTop([3, null, 7.2], 1)).toBe(10);
  expect(roundTop([130], 1)).toBe(200);
  expect(roundTop([0, 0], 5)).toBe(5);
});
