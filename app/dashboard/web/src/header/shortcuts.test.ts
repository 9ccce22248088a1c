import { afterEach, describe, expect, it } from "vitest";
import { isMeantElsewhere, Shortcuts } from "./shortcuts";

describe("shortcuts", () => {
  it("go to a page by two keys", () => {
    const shortcuts = new Shortcuts();
    expect(shortcuts.press("g", 0)).toBe("wait");
    expect(shortcuts.press("p", 900)).toEqual({ go: "/premarket" });
  });
  it("forget the first key after 1.5 s", () => {
    const shortcuts = new Shortcuts();
    shortcuts.press("g", 0);
    expect(shortcuts.press("p", 1_501)).toBeNull();
  });
  it("forget the first key after another one", () => {
    const shortcuts = new Shortcuts();
    shortcuts.press("g", 0);
    shortcuts.press("x", 100);
    expect(shortcuts.press("p", 200)).toBeNull();
  });
  it("leave a page's key alone by itself", () => expect(new Shortcuts().press("p", 0)).toBeNull());
  it("show the help", () => expect(new Shortcuts().press("?", 0)).toBe("help"));
});

describe("a key press is meant elsewhere", () => {
  afterEach(() => document.body.replaceChildren());

  it.each(["input", "select", "textarea"])("in the field <%s>", (tag) => {
    expect(isMeantElsewhere(pressedIn(tag))).toBe(true);
  });
  it("with a modifier of the browser's keys", () => {
    expect(isMeantElsewhere(pressedIn("div", { ctrlKey: true }))).toBe(true);
  });
  it("while a window lies over the page", () => {
    document.body.append(Object.assign(document.createElement("dialog"), { open: true }));
    expect(isMeantElsewhere(pressedIn("div"))).toBe(true);
  });
  it("but not on the page, with shift for `?` or without", () => {
    expect(isMeantElsewhere(pressedIn("div", { shiftKey: true }))).toBe(false);
    expect(isMeantElsewhere(pressedIn("button"))).toBe(false);
  });
});

function pressedIn(tag: string, told: KeyboardEventInit = {}): KeyboardEvent {
  const target = document.body.appendChild(document.createElement(tag));
  let heard: KeyboardEvent | null = null;
  target.addEventListener("keydown", (event) => {
    heard = event;
  });
  target.dispatchEvent(new KeyboardEvent("keydown", { key: "g", bubbles: true, ...told }));
  if (heard === null) throw new Error("the press was not heard");
  return heard;
}
