import { expect, test } from "vitest";
import { at, SESSION } from "./samples";
import { bucketAt } from "./sessions";
import { isTailDue } from "./tailClock";

const buckets = (ms: number) => bucketAt([SESSION], "5m", ms);
const due = (now: string, asked: string) => isTailDue(Date.parse(at(now)), Date.parse(at(asked)), buckets);

test("the server is asked a second after a bucket has ended, and five seconds later again", () => {
  expect(due("14:05:00.900", "14:04:50")).toBe(false);
  expect(due("14:05:01", "14:04:50")).toBe(true);
  expect(due("14:05:03", "14:05:01")).toBe(false);
  expect(due("14:05:06", "14:05:01")).toBe(true);
  expect(due("14:05:30", "14:05:06")).toBe(false);
});

test("it is asked at least every minute", () => {
  expect(due("14:06:06", "14:05:06")).toBe(true);
});

test("it is asked when the session's last bucket has ended", () => {
  expect(due("16:00:01", "15:59:30")).toBe(true);
  expect(due("16:00:20", "16:00:06")).toBe(false);
});
