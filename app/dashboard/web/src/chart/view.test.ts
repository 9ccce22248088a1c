import { expect, test } from "vitest";
import { at, bar } from "./samples";
import { slotOf } from "./slots";
import { isContinued, movedRange, placeOf, scrolledRange } from "./view";

const axis = { timeframe: "1m", marketZone: "UTC", sessions: [] } as const;
const minutes = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => {
    const text = (minute: number) => `14:${String(minute).padStart(2, "0")}:00`;
    return slotOf(bar(text(from + index), text(from + index + 1)), axis, false);
  });

test("older places before them leave the same times in sight", () => {
  expect(movedRange({ from: 2, to: 6 }, minutes(10, 30), minutes(5, 30))).toEqual({ from: 7, to: 11 });
});

test("newer places that are put aside leave the same times in sight", () => {
  expect(movedRange({ from: 1, to: 5 }, minutes(10, 30), minutes(5, 20))).toEqual({ from: 6, to: 10 });
});

test("whoever sees the newest place goes on seeing it", () => {
  expect(movedRange({ from: 10, to: 25 }, minutes(10, 30), minutes(10, 31))).toEqual({ from: 11, to: 26 });
});

test("places go on where only the last changed or some were added", () => {
  const before = minutes(10, 15);
  const changed = [...before.slice(0, -1), ...minutes(14, 16)];

  expect(isContinued(before, changed)).toBe(true);
  expect(isContinued(before, minutes(10, 15))).toBe(false);
  expect(isContinued(before, before.slice(0, -1))).toBe(false);
});

test("places go on where those of the same bars were made anew", () => {
  const before = minutes(10, 15);
  const anew = (slots: typeof before) => slots.map((slot) => ({ ...slot }));

  expect(isContinued(before, [...anew(before), ...minutes(15, 16)])).toBe(true);
  expect(isContinued(before, [...anew(before.slice(0, 3)), ...minutes(13, 16)])).toBe(false);
});

test("holes that were made anew may be others", () => {
  const before = minutes(10, 15).map((slot) => ({ ...slot, bar: null }));

  expect(isContinued(before, before)).toBe(true);
  expect(
    isContinued(
      before,
      before.map((slot) => ({ ...slot })),
    ),
  ).toBe(false);
});

test("scrolling ends where half of the screen would be empty", () => {
  expect(scrolledRange({ from: 100, to: 200 }, -0.9, 500)).toEqual({ from: 10, to: 110 });
  expect(scrolledRange({ from: 10, to: 110 }, -0.9, 500)).toEqual({ from: -50, to: 50 });
  expect(scrolledRange({ from: 390, to: 490 }, 0.9, 500)).toEqual({ from: 450, to: 550 });
});

test("a place is found by its time, else the next", () => {
  const slots = minutes(10, 15);

  expect(placeOf(slots, Date.parse(at("14:12:00")) / 1_000)).toBe(2);
  expect(placeOf(slots, Date.parse(at("14:12:01")) / 1_000)).toBe(3);
  expect(placeOf(slots, Date.parse(at("15:00:00")) / 1_000)).toBe(5);
});
