import { describe, expect, it } from "vitest";
import { madeJob } from "../../testing/jobs";
import type { Figure } from "../results/figures";
import { compareFigures, differenceText, differingSettings } from "./compare";

function made(value: Figure["value"], parts: Partial<Figure> = {}): Figure {
  return { value, n: 10, status: "ok", method: "m", window: "w", asof: "2026-01-06T20:00:00Z", ...parts };
}

describe("two analyses", () => {
  it("are compared figure by figure, by their place", () => {
    const rows = compareFigures({ t: made(1), u: made(2) }, { t: made(1.5), u: made(2) }, ["trend"]);

    expect(rows.map((row) => [row.path.join("/"), row.difference, row.isDifferent])).toEqual([
      ["trend/t", 0.5, true],
      ["trend/u", 0, false],
    ]);
  });

  it("differ also in status and interval, and not in the window alone", () => {
    const pairs: [Figure, Figure][] = [
      [made(1), made(1, { status: "low_history" })],
      [made(1, { ci: [0, 2] }), made(1, { ci: [0, 3] })],
      [made(1), made(1, { window: "other", asof: "2026-01-07T20:00:00Z", n: 12 })],
    ];

    expect(pairs.map(([a, b]) => compareFigures({ x: a }, { x: b })[0]?.isDifferent)).toEqual([true, true, false]);
  });

  it("have no difference where one lacks the figure, its value, or has a word for it", () => {
    const rows = compareFigures(
      { gone: made(1), none: made(null, { status: "insufficient_data" }), word: made("calm") },
      { none: made(2), word: made("turbulent"), fresh: made(3) },
    );

    expect(rows.map((row) => [row.path[0], row.difference, row.isDifferent])).toEqual([
      ["gone", null, true],
      ["none", null, true],
      ["word", null, true],
      ["fresh", null, true],
    ]);
  });

  it("are apart where their intervals do not overlap", () => {
    const apart = (one: [number, number], other: [number, number]) =>
      compareFigures({ x: made(1, { ci: one }) }, { x: made(2, { ci: other }) })[0]?.isApart;

    expect([apart([0, 1], [2, 3]), apart([2, 3], [0, 1]), apart([0, 2], [1, 3])]).toEqual([true, true, false]);
    expect(compareFigures({ x: made(1) }, { x: made(2) })[0]?.isApart).toBeNull();
  });
});

describe("a difference", () => {
  const between = (a: Figure, b: Figure, name = "x") => {
    const [row] = compareFigures({ [name]: a }, { [name]: b });
    return row && differenceText(row);
  };

  it("has a sign and three digits", () => {
    expect(between(made(0.169373), made(0.166))).toBe("−0.00337");
    expect(between(made(100), made(112.4738))).toBe("+12.5");
    expect(between(made(1), made(1))).toBe("0");
  });

  it("of shares is told in points, not in percent of one of them", () => {
    expect(between(made(0.1), made(0.25), "hit_rate")).toBe("+15 pp");
  });

  it("is not told where one is not known", () => {
    expect(between(made(null), made(1))).toBe("–");
  });
});

describe("settings", () => {
  it("are told where they differ, with what is unset", () => {
    const a = madeJob({ parameters: { seed: 1, margin: null, horizons: ["1h", "5m"] } });
    const b = madeJob({
      kind: "single",
      symbols: ["NQ", "ES"],
      parameters: { seed: 2, margin: 5, horizons: ["1h", "5m"] },
    });

    expect(differingSettings(a, b)).toEqual([
      { name: "kind", a: "full", b: "single" },
      { name: "seed", a: "1", b: "2" },
      { name: "margin", a: "unset", b: "5" },
    ]);
  });
});
