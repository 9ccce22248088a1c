import { describe, expect, it } from "vitest";
import { candidates, moved } from "./watchlist";

describe("a watchlist", () => {
  it("is reordered by one place, as far as there is room", () => {
    expect(moved(["A", "B", "C"], 2, -1)).toEqual(["A", "C", "B"]);
    expect(moved(["A", "B"], 0, -1)).toEqual(["A", "B"]);
    expect(moved(["A", "B"], 1, 1)).toEqual(["A", "B"]);
  });

  it("is added to from what is not on it, symbols before names", () => {
    const named = (symbol: string, name: string) => ({ symbol, name });
    const known = [
      named("GC", "Gold"),
      named("SI", "Silver"),
      named("6S", "Swiss Franc"),
      named("ES", "E-mini S&P 500"),
    ];

    expect(candidates(known, ["ES"], " s").map((one) => one.symbol)).toEqual(["SI", "6S"]);
    expect(candidates(known, [], "gold").map((one) => one.symbol)).toEqual(["GC"]);
    expect(candidates(known, ["ES"], "")).toHaveLength(3);
  });
});
