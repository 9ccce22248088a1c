import { expect, test } from "vitest";
import type { Collector } from "../../api/operations";
import type { Known } from "./concerns";
import { tilesOf } from "./standings";

const UNASKED: Known = {
  alerts: undefined,
  moreAlerts: false,
  checks: undefined,
  collectors: undefined,
  letters: undefined,
  gaps: undefined,
  certificates: undefined,
  lake: undefined,
};
const tile = (known: Partial<Known>, title: string) =>
  tilesOf({ ...UNASKED, ...known }).find((one) => one.title === title);

test("what is not known is never told as none", () => {
  const words = tilesOf(UNASKED).map((one) => one.word);

  expect(new Set(words)).toEqual(new Set(["not known"]));
});

test("a pipeline that stands still is told by its check", () => {
  const ingest = { name: "ingest", ok: false, detail: "1,204 entries behind", behind: 1204 };

  expect(tile({ checks: [ingest] }, "Pipeline")).toMatchObject({ tone: "bad", figure: "1,204 behind" });
});

test("the worst of the wanted collectors gives the tile its word", () => {
  const good = { source: "EXCEL", wanted: true, state: "running", feed: "streaming", rate_per_s: 2, data_age_s: 0.1 };
  const collectors = [
    { ...good, health_age_s: 0.5, silent_symbols: [] },
    { ...good, source: "SCHWAB", state: "needs login", rate_per_s: 0, health_age_s: 0.5, silent_symbols: [] },
  ] as unknown as Collector[];

  expect(tile({ collectors }, "Collectors")).toMatchObject({ tone: "bad", word: "needs login", figure: "2.0 /s" });
});

test("more dead letters than a page are told so", () => {
  expect(tile({ letters: "100+" }, "Dead letters")).toMatchObject({ tone: "warn", figure: "100+" });
  expect(tile({ letters: "0" }, "Dead letters")).toMatchObject({ tone: "ok", word: "none" });
});
