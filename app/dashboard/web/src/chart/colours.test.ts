import { expect, test } from "vitest";
import { faded } from "./colours";

test("a colour is faded, also where the build has shortened it", () => {
  expect(faded("#3fcf9b", 0.5)).toBe("#3fcf9b80");
  expect(faded("#fff", 0)).toBe("#ffffff00");
});
