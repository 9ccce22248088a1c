import { expect, test } from "vitest";
import { cellFigure, cellText, gridOf, type Partition, STATES, worstOf } from "./grid";

const file = (date: string, symbol: string, more: Partial<Partition> = {}) =>
  ({ date, symbol, kind: "bars", timeframe: "1m", state: "exported", rows: 1000, bytes: 4000, ...more }) as Partition;

test("days go from the newest, symbols by name, and a place without a partition stays empty", () => {
  const grid = gridOf([file("2026-11-25", "NQ"), file("2026-11-26", "ES"), file("2026-11-25", "ES")]);

  expect([grid.days, grid.symbols]).toEqual([
    ["2026-11-26", "2026-11-25"],
    ["ES", "NQ"],
  ]);
  expect(grid.cellAt("2026-11-26", "NQ")).toBeUndefined();
});

test("a cell of several files is as bad as the worst of them, with their rows and sizes together", () => {
  const cell = gridOf([
    file("2026-11-25", "ES"),
    file("2026-11-25", "ES", { timeframe: "5m", state: "damaged", rows: 200, bytes: 900 }),
  ]).cellAt("2026-11-25", "ES");

  expect(cell).toMatchObject({ state: "damaged", rows: 1200, bytes: 4900 });
  expect(cell && cellText(cell)).toBe("ES, Wed, Nov 25, 2026: damaged, 1,200 rows in 2 files, 4.9 KB");
});

test("where there is no file its size is not known, and the ticks wait", () => {
  const cell = gridOf([file("2026-11-25", "ES", { state: "missing", bytes: null })]).cellAt("2026-11-25", "ES");

  expect(cell?.bytes).toBeNull();
  expect(cell && cellText(cell)).toContain("missing, 1,000 ticks wait, no file");
});

test("every state has a mark of its own, so that colour is not the only sign", () => {
  const marks = Object.values(STATES).map((one) => one.mark);

  expect(new Set(marks).size).toBe(marks.length);
  expect(worstOf(["verified", "stale", "exported"])).toBe("stale");
});

test("rows take four letters at most, so that no cell grows while ticks come", () => {
  const figure = (rows: number) => cellFigure({ ...file("2026-11-25", "ES"), rows, files: [] });

  expect([0, 793, 1549, 9949, 9951, 27_300, 2_000_000].map(figure)).toEqual([
    "0",
    "793",
    "1.5K",
    "9.9K",
    "10K",
    "27K",
    "2M",
  ]);
});
