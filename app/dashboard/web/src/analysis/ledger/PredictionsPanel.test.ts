import { expect, it } from "vitest";
import { outcomeText } from "./PredictionsPanel";

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
