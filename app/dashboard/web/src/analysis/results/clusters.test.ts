import { expect, it } from "vitest";
import { clusterOrder } from "./clusters";

const KNOWN: Readonly<Record<string, number>> = { "ES NQ": 0.9, "CL GC": 0.4, "CL ES": 0.1, "CL NQ": 0.05 };
const correlation = (one: string, other: string) => KNOWN[[one, other].sort().join(" ")] ?? null;

it("puts symbols that move together side by side, wherever they stood", () => {
  expect(clusterOrder(["ES", "CL", "NQ", "GC"], correlation)).toEqual(["ES", "NQ", "CL", "GC"]);
});

it("keeps every symbol where nothing is known", () => {
  expect(clusterOrder(["B", "A", "C"], () => null).sort()).toEqual(["A", "B", "C"]);
  expect(clusterOrder([], correlation)).toEqual([]);
});
