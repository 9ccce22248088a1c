import { expect, test } from "vitest";
import { at, bar, hole, SESSION } from "./samples";
import { SHORT_SLOTS, slotOf, slotsOf } from "./slots";

const axis = { timeframe: "1m", marketZone: "America/Chicago", sessions: [SESSION] } as const;

test("each bucket of a hole takes a place between the bars", () => {
  const slots = slotsOf(
    [bar("14:00:00", "14:01:00"), bar("14:03:00", "14:04:00")],
    [hole("14:01:00", "14:03:00")],
    axis,
  );

  expect(slots.map((slot) => [slot.bar !== null, slot.hole])).toEqual([
    [true, null],
    [false, "quiet"],
    [false, "quiet"],
    [true, null],
  ]);
  expect(slots.map((slot) => slot.time - (slots[0]?.time ?? 0))).toEqual([0, 60, 120, 180]);
});

test("a bar takes the place where an earlier answer had a hole", () => {
  const slots = slotsOf([bar("14:00:00", "14:01:00")], [hole("14:00:00", "14:02:00")], axis);

  expect(slots.map((slot) => slot.bar !== null)).toEqual([true, false]);
});

test("a session without any bar is drawn short, a long hole within one is not", () => {
  const whole = slotsOf([], [hole("14:00:00", "16:00:00", "no_feed")], axis);
  const part = slotsOf([], [hole("14:00:00", "15:00:00", "no_feed")], axis);

  expect(whole).toHaveLength(SHORT_SLOTS);
  expect(whole.every((slot) => slot.isDrawnShort && slot.hole === "no_feed")).toBe(true);
  expect(whole.at(-1)?.close).toBe(SESSION.close);
  expect(part).toHaveLength(60);
});

test("a daily bar stands at the trading day on which its session closes", () => {
  const daily = { ...bar("00:00:00", "22:00:00"), t_open: "2026-11-26T23:00:00Z" };

  expect(slotOf(daily, { ...axis, timeframe: "1d" }, false).time).toBe(Date.parse(at("00:00:00")) / 1_000);
});
