import { expect, test } from "vitest";
import { windowOf, withNewer, withOlder, withTail } from "./barWindow";
import { answer, at, bar, hole } from "./samples";

const opens = (window: { bars: readonly { t_open: string }[] } | null) =>
  window?.bars.map((one) => one.t_open.slice(11, 16));

test("older bars stand before those that are there, each once", () => {
  const window = windowOf(answer("14:03:00", "14:05:00"));

  const joined = withOlder(window, answer("14:01:00", "14:04:00", { previous_end: null }));

  expect(opens(joined)).toEqual(["14:01", "14:02", "14:03", "14:04"]);
  expect(joined.previousEnd).toBeNull();
  expect(joined.start).toBe(at("14:01:00"));
});

test("beyond what is kept the newest bars are put aside, with the bar that runs", () => {
  const forming = { ...bar("14:05:00", "14:06:00"), coverage: null, through: at("14:05:10"), through_seq: "1" };
  const window = windowOf(answer("14:03:00", "14:05:00", { forming, holes: [hole("14:04:00", "14:05:00")] }));

  const joined = withOlder(window, answer("14:00:00", "14:03:00"), 4);

  expect(opens(joined)).toEqual(["14:00", "14:01", "14:02", "14:03"]);
  expect(joined).toMatchObject({ end: bar("14:04:00", "14:05:00").t_open, hasNewer: true, forming: null, holes: [] });
});

test("bars of another source are never joined", () => {
  const window = windowOf(answer("14:03:00", "14:05:00"));

  const joined = withOlder(window, answer("14:00:00", "14:03:00", { source: "EXCEL", previous_end: null }));

  expect(joined.bars).toEqual(window.bars);
  expect(withTail(window, answer("14:04:00", "14:06:00", { source: "EXCEL" }))).toBeNull();
});

test("newer bars come back up to the present, and the oldest make room", () => {
  const past = { ...windowOf(answer("14:00:00", "14:03:00", { previous_end: null })), hasNewer: true };

  const joined = withNewer(past, answer("14:03:00", "14:05:00"), 4);

  expect(opens(joined)).toEqual(["14:01", "14:02", "14:03", "14:04"]);
  expect(joined).toMatchObject({ hasNewer: false, end: at("14:05:00") });
  expect(joined.previousEnd).toBe(joined.bars[0]?.t_open);
});

test("an answer that is cut off leaves newer bars to be asked for, from where it ends", () => {
  const past = { ...windowOf(answer("14:00:00", "14:03:00")), hasNewer: true };

  const joined = withNewer(past, answer("14:03:00", "14:05:00", { truncated: true, next_start: at("14:06:00") }));

  expect(joined).toMatchObject({ hasNewer: true, end: at("14:06:00") });
});

test("the server's newest word replaces what was known of that time", () => {
  const window = windowOf(answer("14:00:00", "14:04:00", { holes: [hole("13:58:00", "14:05:00")] }));
  const late = answer("14:03:00", "14:05:00");
  const corrected = { ...late, bars: late.bars.map((one) => ({ ...one, close: "100.75" })) };

  const joined = withTail(window, corrected);

  expect(opens(joined)).toEqual(["14:00", "14:01", "14:02", "14:03", "14:04"]);
  expect(joined?.bars.map((one) => one.close)).toEqual(["100.5", "100.5", "100.5", "100.75", "100.75"]);
  expect(joined?.holes).toEqual([hole("13:58:00", "14:03:00")]);
});

test("a newest word that begins after the end leaves a gap and is not joined", () => {
  expect(withTail(windowOf(answer("14:00:00", "14:04:00")), answer("14:06:00", "14:08:00"))).toBeNull();
});

test("while newer bars are put aside the newest word changes nothing", () => {
  const past = { ...windowOf(answer("14:00:00", "14:04:00")), hasNewer: true };

  expect(withTail(past, answer("14:06:00", "14:08:00"))).toBe(past);
});
