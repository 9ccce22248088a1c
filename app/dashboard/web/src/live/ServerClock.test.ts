import { expect, it } from "vitest";
import { makeServerClock } from "./ServerClock";

const INSTANT = "2026-11-27T15:00:00Z";

it("is set by the middle of the question, and the quickest answer is believed", () => {
  let at = 0;
  const clock = makeServerClock(
    () => at,
    () => 0,
  );
  at = 200;
  clock.set(INSTANT, 100);
  expect(clock.now()).toBe(Date.parse(INSTANT) + 50);
  at = 1_200;
  clock.set("2026-11-27T15:00:00.500Z", 2_000);

  expect(clock.now()).toBe(Date.parse(INSTANT) + 1_050);
});

it("believes a slow answer that what it believed so far cannot be right with", () => {
  let at = 0;
  const clock = makeServerClock(
    () => at,
    () => 0,
  );
  clock.set(INSTANT, 10);
  at = 1_000; // The machine slept for an hour, while this stood still.
  clock.set("2026-11-27T16:00:00Z", 400);

  expect(clock.now()).toBe(Date.parse("2026-11-27T16:00:00Z") + 200);
});

it("does not believe an instant that it cannot read", () => {
  const clock = makeServerClock(
    () => 5,
    () => 1_000,
  );
  clock.set("soon", 0);

  expect(clock.now()).toBe(1_000);
});
