import { expect, test } from "vitest";
import { marksOf } from "./marks";
import { at, bar, hole, SESSION } from "./samples";
import { slotOf, slotsOf } from "./slots";

const axis = { timeframe: "15m", marketZone: "America/Chicago", sessions: [SESSION] } as const;
const quarters = [
  bar("14:00:00", "14:15:00"),
  bar("14:15:00", "14:30:00"),
  bar("14:30:00", "14:45:00"),
  bar("15:15:00", "15:30:00", { coverage: 0.4 }),
  bar("15:30:00", "15:45:00", { coverage: null }),
];

test("bars outside of regular hours are overnight", () => {
  const slots = slotsOf(quarters, [], axis);

  expect(marksOf(slots, [SESSION], false).overnight).toMatchObject([
    { from: 0, to: 1 },
    { from: 4, to: 4 },
  ]);
});

test("holes that touch with the same label are one, others are not", () => {
  const slots = slotsOf(quarters, [hole("14:45:00", "15:00:00", "no_feed"), hole("15:00:00", "15:15:00")], axis);

  expect(marksOf(slots, [SESSION], false).holes).toEqual([
    { from: 3, to: 3, label: "no_feed" },
    { from: 4, to: 4, label: "quiet" },
  ]);
});

test("a bar with a known coverage below one is marked, an unknown one and a running one are not", () => {
  const slots = [...slotsOf(quarters, [], axis), slotOf(bar("15:45:00", "16:00:00", { coverage: 0.1 }), axis, true)];

  expect(marksOf(slots, [SESSION], false).partial).toEqual([3]);
});

test("a session's begin is marked with its day, but for the first place", () => {
  const before = { ...SESSION, day: "2026-11-25", open: Date.parse(at("12:00:00")), close: Date.parse(at("14:00:00")) };
  const slots = slotsOf([bar("13:45:00", "14:00:00"), ...quarters], [], axis);

  expect(marksOf(slots, [before, SESSION], false).opens).toEqual([{ at: 1, day: "2026-11-27" }]);
});

test("daily bars have no hours", () => {
  const slots = slotsOf(quarters, [], axis);

  expect(marksOf(slots, [SESSION], true)).toMatchObject({ overnight: [], opens: [] });
});
