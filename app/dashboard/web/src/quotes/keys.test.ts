import { describe, expect, it } from "vitest";
import { commandOf, selectedAfter } from "./keys";

const press = (key: string, change: object = {}) =>
  commandOf({ key, ctrlKey: false, altKey: false, metaKey: false, defaultPrevented: false, target: null, ...change });
const inside = (html: string) => {
  document.body.innerHTML = html;
  return document.body.querySelector("[data-here]");
};

describe("keys", () => {
  it("ask for nothing where something is typed, in a window, with a modifier, or when somebody else has taken them", () => {
    expect(press("j")).toBe("next");
    expect(press("j", { target: inside("<input data-here>") })).toBeNull();
    expect(press("e", { target: inside("<dialog><button data-here></button></dialog>") })).toBeNull();
    expect(press("j", { ctrlKey: true })).toBeNull();
    expect(press("j", { defaultPrevented: true })).toBeNull();
  });

  it("leave Enter to the link or button that has the focus", () => {
    expect(press("Enter", { target: inside("<a data-here></a>") })).toBeNull();
    expect(press("Enter")).toBe("open");
  });

  it("select the first row first, then stop at both ends", () => {
    const symbols = ["ES", "NQ", "CL"];
    expect(selectedAfter("next", symbols, null)).toBe("ES");
    expect(selectedAfter("next", symbols, "CL")).toBe("CL");
    expect(selectedAfter("before", symbols, "ES")).toBe("ES");
    expect(selectedAfter("last", symbols, "ES")).toBe("CL");
    expect(selectedAfter("next", symbols, "gone")).toBe("ES");
    expect(selectedAfter("next", [], null)).toBeNull();
  });
});
