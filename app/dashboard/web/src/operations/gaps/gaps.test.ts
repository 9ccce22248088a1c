import { expect, test } from "vitest";
import type { Gap } from "../../api/operations";
import { lengthText, numbersText, symbolsText } from "./gaps";

const FEED = {
  kind: "feed",
  from_seq: null,
  to_seq: null,
  missing: null,
  from_ts: "2026-11-26T23:00:00Z",
  to_ts: "2026-11-27T00:46:00Z",
  symbols: {},
} as unknown as Gap;
const SEQUENCE = { ...FEED, kind: "sequence", from_seq: 1001, to_seq: 1100, missing: 90, symbols: { ES: 60 } } as Gap;

test("a feed gap is as long as its time and concerns every symbol", () => {
  expect(lengthText(FEED)).toBe("1 h 46 min");
  expect([numbersText(FEED), symbolsText(FEED)]).toEqual([null, "all"]);
});

test("a sequence gap tells how many events it lacks and between which numbers", () => {
  expect(lengthText(SEQUENCE)).toBe("90 events in 1 h 46 min");
  expect(numbersText(SEQUENCE)).toBe("1,001 to 1,100");
});

test("missing events of which nobody knows the symbol are told as such", () => {
  expect(symbolsText(SEQUENCE)).toBe("ES 60, not known 30");
  expect(symbolsText({ ...SEQUENCE, symbols: { ES: 90 } })).toBe("ES 90");
});
