import { PAGES } from "./Navigation";

/** What a key press comes to: a page, the help, or the first half of two keys. */
export type Doing = { readonly go: string } | "help" | "wait" | null;

const PREFIX = "g";
const TOGETHER_MS = 1_500;

/** Reads key presses, of which `g` and a page's key within 1.5 s belong together. */
export class Shortcuts {
  private pressedAt = Number.NEGATIVE_INFINITY;

  /** What to do now that `key` is pressed at `atMs`; null: nothing of ours. */
  press(key: string, atMs: number): Doing {
    const isSecond = atMs - this.pressedAt <= TOGETHER_MS;
    this.pressedAt = Number.NEGATIVE_INFINITY;
    if (isSecond) {
      const page = PAGES.find((one) => one.key === key);
      if (page !== undefined) return { go: page.href };
    }
    if (key === PREFIX) {
      this.pressedAt = atMs;
      return "wait";
    }
    return key === "?" ? "help" : null;
  }
}

/** Whether a key press is meant for something else: a field, a choice, a window over the page, or the browser. */
export function isMeantElsewhere(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return true;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("input, textarea, select, [contenteditable]:not([contenteditable='false'])")) return true;
  return document.querySelector("dialog[open]") !== null;
}
