import { act, renderHook } from "@testing-library/react";
import { expect, test } from "vitest";
import { changed, oneOf, usePages } from "./useFilters";

test("a filter that is emptied leaves the address, and others stay", () => {
  const after = changed(new URLSearchParams("kind=last&symbol=ES"), { kind: "", source: "SCHWAB" });

  expect(after.toString()).toBe("symbol=ES&source=SCHWAB");
});

test("a word of the address that is no choice is none", () => {
  expect(oneOf("nonsense", ["open", "all"])).toBeUndefined();
  expect(oneOf("all", ["open", "all"])).toBe("all");
});

test("one goes to older pages and back, and another question begins at the first", () => {
  const { result, rerender } = renderHook(({ of }) => usePages(of), { initialProps: { of: "a" } });

  act(() => result.current.older("7"));
  act(() => result.current.older("3"));
  expect([result.current.cursor, result.current.number]).toEqual(["3", 3]);
  act(() => result.current.newer());
  expect(result.current.cursor).toBe("7");
  rerender({ of: "b" });
  expect([result.current.cursor, result.current.number]).toEqual([undefined, 1]);
});
