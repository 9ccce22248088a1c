import { expect, test } from "vitest";
import { quoteOf } from "../live/fakes";
import type { QuoteRow } from "../live/quotes";
import { notCurrent } from "./standing";

const row = (state: QuoteRow["quote"]["state"]) => ({ quote: quoteOf({ state }) }) as QuoteRow;
const AT = Date.parse(quoteOf().ts ?? "");
const soon = { now: AT + 1_000, staleAfterMs: 15_000 };

test("a live row of the chart's source is current", () => {
  expect(notCurrent(row("live"), "live", "SCHWAB", undefined, soon)).toBeNull();
  expect(notCurrent(row("live"), "live", "SCHWAB", "SCHWAB", soon)).toBeNull();
});

test.each([
  ["stale", "stale"],
  ["delayed", "delayed"],
  ["closed", "market closed"],
  ["no_source", "no source"],
] as const)("a row that is %s is not current", (state, said) => {
  expect(notCurrent(row(state), "live", "SCHWAB", undefined, soon)).toContain(said);
});

test("a lost stream, another displayed source and an unwatched symbol are said", () => {
  expect(notCurrent(row("live"), "lost", "SCHWAB", undefined, soon)).toContain("stream lost");
  expect(notCurrent(row("live"), "live", "EXCEL", "SCHWAB", soon)).toContain("SCHWAB");
  expect(notCurrent(undefined, "live", "SCHWAB", undefined, soon)).toContain("watchlist");
});

test("a quote that was live when the server last spoke is stale by its own age", () => {
  const known = (now: number, staleAfterMs: number | null) =>
    notCurrent(row("live"), "live", "SCHWAB", undefined, { now, staleAfterMs });

  expect(known(AT + 15_000, 15_000)).toBeNull();
  expect(known(AT + 15_001, 15_000)).toContain("stale");
  expect(known(AT + 15_001, null)).toBeNull();
});
