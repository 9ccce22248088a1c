import { expect, it } from "vitest";
import { binsOf } from "./bins";

const RATE = { value: 0.4, n: 33, status: "ok", method: "m", window: "w", asof: "2026-01-06T20:00:00Z" };

it("are in the order of what was said, each with its interval where it has one", () => {
  const told = [
    { p: 0.6, rate: { ...RATE, value: 0.55 } },
    { p: 0.35, rate: { ...RATE, ci: [0.25, 0.56] } },
  ];

  expect(binsOf(told)).toEqual([
    { said: 0.35, came: 0.4, n: 33, interval: [0.25, 0.56] },
    { said: 0.6, came: 0.55, n: 33, interval: null },
  ]);
});

it("are without those whose share is not known", () => {
  expect(binsOf([{ p: 0.5, rate: { ...RATE, value: null } }, { p: 0.6 }, { rate: RATE }, null])).toEqual([]);
  expect(binsOf(undefined)).toEqual([]);
});
