import { expect, it } from "vitest";
import { countdownText } from "./times";

it.each([
  [73 * 3_600_000 + 12 * 60_000 + 5_000, "73:12:05"],
  [1, "00:00:01"],
  [0, "00:00:00"],
  [-5_000, "00:00:00"],
])("%d ms are counted down as %s", (ms, text) => expect(countdownText(ms)).toBe(text));
