import { expect, test } from "vitest";
import { at, SESSION } from "./samples";
import { bucketAt, hoursAt } from "./sessions";

const ms = (time: string) => Date.parse(at(time));
const late = { ...SESSION, day: "late", open: ms("20:00:00"), close: ms("20:50:00"), rth: null };

test("the session of an instant includes its open, not its close", () => {
  expect(hoursAt([SESSION, late], ms("14:00:00"))).toBe(SESSION);
  expect(hoursAt([SESSION, late], ms("16:00:00"))).toBeUndefined();
  expect(hoursAt([SESSION, late], ms("20:30:00"))).toBe(late);
});

test("buckets are counted from the session's open and cut at its close", () => {
  expect(bucketAt([SESSION, late], "15m", ms("20:46:00"))).toEqual({ open: ms("20:45:00"), close: late.close });
  expect(bucketAt([SESSION, late], "1d", ms("14:20:00"))).toEqual({ open: SESSION.open, close: SESSION.close });
  expect(bucketAt([SESSION, late], "1m", ms("18:00:00"))).toBeNull();
});
