import { expect, test } from "vitest";
import { weightOf } from "./zoneScale";
import { dateSeconds, offsetsOf } from "./zones";

const seconds = (instant: string) => Date.parse(instant) / 1_000;

test("the offset changes with the clocks, at the quarter of an hour at which they do", () => {
  const chicago = offsetsOf("America/Chicago");

  expect(chicago(seconds("2026-11-01T06:59:59Z"))).toBe(-5 * 3_600);
  expect(chicago(seconds("2026-11-01T07:00:00Z"))).toBe(-6 * 3_600);
  expect(offsetsOf("Asia/Kolkata")(seconds("2026-11-01T07:00:00Z"))).toBe(5.5 * 3_600);
});

test("a date is that of the zone", () => {
  expect(dateSeconds("America/Chicago", seconds("2026-11-27T04:00:00Z"))).toBe(seconds("2026-11-26T00:00:00Z"));
});

test("a new day weighs more than a new hour, a new hour more than a new minute", () => {
  const noon = seconds("2026-11-27T12:00:00Z");

  expect(weightOf(noon, noon - 60)).toBe(33);
  expect(weightOf(noon + 3_600, noon + 3_540)).toBe(30);
  expect(weightOf(noon + 60, noon)).toBe(20);
  expect(weightOf(noon + 43_200, noon + 43_140)).toBe(50);
  expect(weightOf(seconds("2027-01-01T00:00:00Z"), seconds("2026-12-31T23:59:00Z"))).toBe(70);
});
