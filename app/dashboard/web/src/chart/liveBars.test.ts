import { expect, test } from "vitest";
import { windowOf } from "./barWindow";
import { liveBarsOf, withEvent } from "./liveBars";
import { answer, at, bar, event, SESSION } from "./samples";
import { bucketAt } from "./sessions";

const buckets = (ms: number) => bucketAt([SESSION], "1m", ms);
const forming = (through: string) => ({ ...bar("14:05:00", "14:06:00"), coverage: null, through, through_seq: "1" });
const running = windowOf(answer("14:03:00", "14:05:00", { forming: forming(at("14:05:10.000500")) }));
const still = windowOf(answer("14:03:00", "14:05:00", { end: at("14:05:12") }));

test("a trade moves close, high and ticks of the running bar", () => {
  const live = liveBarsOf(running, [event("14:05:11.000000", { last: "102.25" })], buckets);

  expect(live.forming).toMatchObject({ open: "100", high: "102.25", low: "99", close: "102.25", tick_count: 6 });
});

test("a quote without a trade moves no price", () => {
  const live = liveBarsOf(running, [event("14:05:11.000000", { last: "200", trade: false })], buckets);

  expect(live.forming).toMatchObject({ high: "101", close: "100.5", tick_count: 6 });
});

test("an event that the server counted does not count again, to the microsecond", () => {
  const told = event("14:05:10.000500", { last: "200" });
  const next = event("14:05:10.000501", { last: "100.75" });

  expect(liveBarsOf(running, [told], buckets).forming?.tick_count).toBe(5);
  expect(liveBarsOf(running, [told, next], buckets).forming).toMatchObject({ close: "100.75", tick_count: 6 });
});

test("volume grows by the difference of the cumulative volume, from the newest that the server counted", () => {
  const heard = [
    event("14:05:10.000000", { volume: 500 }),
    event("14:05:11.000000", { volume: 503 }),
    event("14:05:12.000000", { volume: 507, trade: false }),
  ];

  expect(liveBarsOf(running, heard, buckets).forming?.volume).toBe(17);
});

test("the first volume that is heard counts only its own trade", () => {
  const live = liveBarsOf(running, [event("14:05:11.000000", { volume: 503, last_size: 2 })], buckets);

  expect(live.forming?.volume).toBe(12);
});

test("a cumulative volume that begins anew counts from zero, and a small correction counts nothing", () => {
  const heard = (volume: number) => [event("14:05:10.000000", { volume: 500 }), event("14:05:11.000000", { volume })];

  expect(liveBarsOf(running, heard(4), buckets).forming?.volume).toBe(14);
  expect(liveBarsOf(running, heard(498), buckets).forming?.volume).toBe(10);
});

test("when a bucket ends its bar is kept, and only a trade begins the next", () => {
  const quote = event("14:06:01.000000", { trade: false, volume: 501 });
  const trade = event("14:06:02.000000", { last: "101.5", volume: 502 });
  const before = event("14:05:10.000000", { volume: 500 });

  const quoted = liveBarsOf(running, [before, quote], buckets);
  const traded = withEvent(quoted, trade, buckets);

  expect(quoted).toMatchObject({ forming: null, ended: [{ t_open: at("14:05:00") }] });
  expect(traded.forming).toMatchObject({ open: "101.5", close: "101.5", volume: 2, tick_count: 2, coverage: null });
  expect(Date.parse(traded.forming?.t_close ?? "")).toBe(Date.parse(at("14:07:00")));
});

test("without a running bar the events of its bucket make it, and those of closed bars do not", () => {
  const heard = [event("14:04:59.000000", { last: "90" }), event("14:05:01.000000", { last: "101" })];

  expect(liveBarsOf(still, heard, buckets).forming).toMatchObject({ open: "101", low: "101", tick_count: 1 });
  expect(liveBarsOf(still, [], buckets).forming).toBeNull();
});

test("an event that comes late moves the extremes, not the close, and none of a bar that has ended", () => {
  const heard = [
    event("14:05:12.000000", { last: "100" }),
    event("14:05:11.000000", { last: "98" }),
    event("14:06:01.000000", { last: "100.25" }),
    event("14:05:59.000000", { last: "1" }),
  ];

  const live = liveBarsOf(running, heard, buckets);

  expect(live.ended[0]).toMatchObject({ low: "98", close: "100" });
  expect(live.forming).toMatchObject({ low: "100.25", tick_count: 1 });
});

test("outside of sessions no bar is made", () => {
  expect(liveBarsOf(still, [event("16:30:00.000000")], buckets).forming).toBeNull();
});
