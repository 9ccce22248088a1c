import { expect, it } from "vitest";
import { drawnText } from "./drawn";

const PLOT = {
  x: [1, 2],
  lines: [{ label: "close", values: [null, 110.5], colour: "series-1" }],
  zone: "America/Chicago",
  text: (value: number) => value.toFixed(2),
};

it("is another one when values come to be written in another way", () => {
  const inThirtySeconds = { ...PLOT, text: () => "110'16" };

  expect(drawnText(inThirtySeconds, "dark")).not.toBe(drawnText(PLOT, "dark"));
});

it("tells ways apart that write the first value the same", () => {
  const whole = { ...PLOT, lines: [{ label: "close", values: [100], colour: "series-1" }] };
  const rounded = { ...whole, text: (value: number) => String(Math.round(value)) };
  const plain = { ...whole, text: (value: number) => value.toLocaleString("en-US") };

  expect(drawnText(rounded, "dark")).not.toBe(drawnText(plain, "dark"));
});

it("is the same for the same, so that nothing is drawn anew without need", () => {
  expect(drawnText({ ...PLOT, text: (value) => value.toFixed(2) }, "dark")).toBe(drawnText(PLOT, "dark"));
  expect(drawnText({ ...PLOT, lines: [] }, "dark")).toBe(drawnText({ ...PLOT, lines: [] }, "dark"));
});
