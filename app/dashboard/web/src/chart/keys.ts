import type { KeyDoing } from "../header/keys";
import { TIMEFRAMES } from "./timeframes";

/** The keys of the page Chart. */
export const KEYS: readonly KeyDoing[] = [
  { keys: "←, →", does: "scroll; with Shift a page" },
  { keys: "+, −", does: "zoom in and out" },
  { keys: "End", does: "go to the newest bar" },
  { keys: `1 to ${TIMEFRAMES.length}`, does: `timeframe: ${TIMEFRAMES.join(", ")}` },
  { keys: "s", does: "choose a symbol" },
  { keys: "t", does: "show the bars as a table, or hide it" },
];

/** What a key asks for. */
export type KeyAction =
  | { readonly do: "scroll"; readonly screens: number }
  | { readonly do: "zoom"; readonly by: number }
  | { readonly do: "newest" | "symbol" | "table" }
  | { readonly do: "timeframe"; readonly number: number };

/** What a key event asks for; null for none of the page's keys, and where the key belongs to a control. */
export function actionOf(
  event: Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey" | "target">,
): KeyAction | null {
  if (event.ctrlKey || event.metaKey || event.altKey || isControl(event.target)) return null;
  const number = Number(event.key);
  if (number >= 1 && number <= TIMEFRAMES.length) return { do: "timeframe", number };
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    return { do: "scroll", screens: (event.key === "ArrowLeft" ? -1 : 1) * (event.shiftKey ? 0.9 : 0.1) };
  }
  if (event.key === "+" || event.key === "=") return { do: "zoom", by: 0.8 };
  if (event.key === "-" || event.key === "−") return { do: "zoom", by: 1.25 };
  if (event.key === "End") return { do: "newest" };
  if (event.key === "s") return { do: "symbol" };
  return event.key === "t" ? { do: "table" } : null;
}

function isControl(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest("input, select, textarea, dialog, [contenteditable], [data-own-keys]") !== null
  );
}
