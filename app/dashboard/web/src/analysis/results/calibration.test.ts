import { expect, it } from "vitest";
import { outcomeText } from "../ledger/PredictionsPanel";
import { binsOf } from "./CalibrationPanel";

const RATE = { value: 0.4, n: 33, status: "ok", method: "m", window: "w", asof: "2026-01-06T20:00:00Z" };

it("draws a bin with its interval, and none whose share is not known", () => {
  const bins = [
    { p: 0.35, rate: { ...RATE, ci: [0.25, 0.56] } },
    { p: 0.5, rate: { ...RATE, value: null } },
    { p: 0.6 },
  ];

  expect(binsOf(bins)).toEqual([{ said: 0.35, came: 0.4, n: 33, interval: [0.25, 0.56] }]);
});

it("says what came of a prediction, or why nothing will, or that it is still to come", () => {
  const outcomes = [
    { outcome: 1, void: null },
    { outcome: 0, void: null },
    { outcome: null, void: null },
    { outcome: null, void: "the contract changed" },
  ] as const;

  expect(outcomes.map(outcomeText)).toEqual([
    "▲ rose",
    "▼ did not rise",
    "still to come",
    "none: the contract changed",
  ]);
});
