import { expect, test } from "vitest";
import { newestJob } from "./analysis";

type Jobs = Parameters<typeof newestJob>[0];
const job = (id: number, asof: string | null, told: object = {}) => ({
  id,
  kind: "full",
  asof,
  started_at: "2026-11-27T00:46:00Z",
  created_at: "2026-11-27T00:45:00Z",
  ...told,
});
const newest = (...jobs: object[]) => newestJob(jobs as unknown as Jobs)?.id;

test("the job that knows most is taken, though one of a past day was asked for later", () => {
  expect(newest(job(10, "2026-11-25T14:00:00Z"), job(1, "2026-11-26T18:00:00Z"))).toBe(1);
});

test("a job without an as-of knew what there was when it began", () => {
  expect(newest(job(2, "2026-11-26T18:00:00Z"), job(3, null))).toBe(3);
});

test("kinds that look for no levels do not count", () => {
  expect(newest(job(5, "2026-11-27T00:00:00Z", { kind: "prediction" }))).toBeUndefined();
});
