import { expect, test } from "vitest";
import type { AnalysisDocument } from "./analysis";
import type { Colours } from "./colours";
import { levelsOf, linesOf } from "./levels";

const finding = (value: number | null, told: object = {}) => ({
  n: 5,
  asof: "2026-11-26T18:00:00Z",
  value,
  method: "peak of the volume",
  status: "ok",
  window: "1,241 bars of 1m",
  ...told,
});
const documentOf = (levels: unknown) => ({ symbols: { ES: { levels } } }) as unknown as AnalysisDocument;
const found = documentOf({
  support: [{ level: finding(6400), bounce_rate: finding(0.6) }],
  resistance: [
    {
      level: finding(6470, { status: "low_history", reason: "not tested" }),
      bounce_rate: finding(null, { reason: "5 touches, 10 are needed" }),
    },
    { level: finding(null, { status: "insufficient_data" }) },
  ],
});

test("levels are told from the highest, with how sure they are; one without a value is none", () => {
  expect(levelsOf(found, "ES")).toMatchObject([
    { side: "resistance", price: 6470, status: "low_history", reason: "not tested", bounceRate: null },
    { side: "support", price: 6400, status: "ok", reason: null, bounceRate: 0.6 },
  ]);
});

test("an analysis that did not look for levels says nothing, one that found none says so", () => {
  expect(levelsOf(documentOf(undefined), "ES")).toBeNull();
  expect(levelsOf(found, "NQ")).toBeNull();
  expect(levelsOf(documentOf({ support: [], resistance: [] }), "ES")).toEqual([]);
});

test("a level that is not sure is dashed and asked", () => {
  const colours = { resistance: "#f2b84b", support: "#c59bf5" } as Colours;

  expect(linesOf(levelsOf(found, "ES") ?? [], colours)).toEqual([
    { price: 6470, title: "resistance ?", colour: "#f2b84b", isDashed: true },
    { price: 6400, title: "support", colour: "#c59bf5", isDashed: false },
  ]);
});
