import { expect, test } from "vitest";
import { nextPlace } from "./useGridKeys";

const SIZE = { row: 2, column: 3 };
const hole = (place: { row: number; column: number }) => !(place.row === 0 && place.column === 1);

test("an arrow passes over places without a cell", () => {
  expect(nextPlace("ArrowRight", { row: 0, column: 0 }, SIZE, hole)).toEqual({ row: 0, column: 2 });
});

test("at the edge, and with other keys, one stays", () => {
  expect(nextPlace("ArrowUp", { row: 0, column: 0 }, SIZE, hole)).toBeNull();
  expect(nextPlace("Enter", { row: 0, column: 0 }, SIZE, hole)).toBeNull();
});
