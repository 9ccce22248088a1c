import { expect, test } from "vitest";
import type { Check, Collector } from "../../api/operations";
import { sampleOf, withSample } from "./history";

const CHECKS = [
  { name: "ingest", ok: true, detail: "", behind: 12, progress_age_s: 0.7 },
  { name: "room", ok: true, detail: "", fill_percent: 0.7 },
] as Check[];

test("a sample has the lag of ingest, the stream's fill and the sum of the feeds' rates", () => {
  const feeds = [
    { health_age_s: 1, rate_per_s: 6 },
    { health_age_s: 0.2, rate_per_s: 1.5 },
    { health_age_s: null, rate_per_s: 0 },
  ] as Collector[];

  expect(sampleOf(5, CHECKS, feeds)).toEqual({ at: 5, rate: 7.5, behind: 12, progress: 0.7, fill: 0.7 });
});

test("what could not be asked is not known, and never zero", () => {
  expect(sampleOf(5, undefined, undefined)).toEqual({ at: 5, rate: null, behind: null, progress: null, fill: null });
});

test("the oldest samples leave, so that a page that stays open does not grow", () => {
  let samples = withSample([], sampleOf(1, CHECKS, []), 3);
  for (const at of [2, 3, 4, 5]) samples = withSample(samples, sampleOf(at, CHECKS, []), 3);

  expect(samples.map((one) => one.at)).toEqual([3, 4, 5]);
});
