import { expect, test } from "vitest";
import type { QuoteRow } from "../live/quotes";
import { notCurrent } from "./standing";

const row = (state: QuoteRow["quote"]["state"]) => ({ quote: { state, source: "SCHWAB" } }) as QuoteRow;

test("a live row of the chart's source is current", () => {
  expect(notCurrent(row("live"), "live", "SCHWAB", undefined)).toBeNull();
  expect(notCurrent(row("live"), "live", "SCHWAB", "SCHWAB")).toBeNull();
});

test.each([
  ["stale", "stale"],
  ["delayed", "delayed"],
  ["closed", "market closed"],
  ["no_source", "no source"],
] as const)("a row that is %s is not current", (state, said) => {
  expect(notCurrent(row(state), "live", "SCHWAB", undefined)).toContain(said);
});

test("a lost stream, another displayed source and an unwatched symbol are said", () => {
  expect(notCurrent(row("live"), "lost", "SCHWAB", undefined)).toContain("stream lost");
  expect(notCurrent(row("live"), "live", "EXCEL", "SCHWAB")).toContain("SCHWAB");
  expect(notCurrent(undefined, "live", "SCHWAB", undefined)).toContain("watchlist");
});
