import { expect, test } from "vitest";
import { actionOf } from "./keys";

const press = (key: string, told: Partial<Parameters<typeof actionOf>[0]> = {}) =>
  actionOf({ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, target: document.body, ...told });

test("arrows scroll, with Shift nearly a screen", () => {
  expect(press("ArrowLeft")).toEqual({ do: "scroll", screens: -0.1 });
  expect(press("ArrowRight", { shiftKey: true })).toEqual({ do: "scroll", screens: 0.9 });
});

test("1 to 5 choose a timeframe, 0 and 6 nothing", () => {
  expect(press("1")).toEqual({ do: "timeframe", number: 1 });
  expect(press("5")).toEqual({ do: "timeframe", number: 5 });
  expect([press("0"), press("6")]).toEqual([null, null]);
});

test("plus sees less and larger, minus more", () => {
  expect(press("+")).toEqual({ do: "zoom", by: 0.8 });
  expect(press("-")).toEqual({ do: "zoom", by: 1.25 });
});

test("the browser's own keys, and keys within a control, are left alone", () => {
  const select = document.createElement("select");

  expect(press("s")).toEqual({ do: "symbol" });
  expect(press("s", { ctrlKey: true })).toBeNull();
  expect(press("ArrowLeft", { target: select })).toBeNull();
});
