import { TIMEFRAMES } from "./timeframes";

/** What keys do on the page Chart, for the list of all keys. */
export const CHART_KEYS = [
  { keys: ["←", "→"], text: "Scroll; with Shift a page" },
  { keys: ["+", "−"], text: "Zoom in and out" },
  { keys: ["End"], text: "Go to the newest bar" },
  { keys: TIMEFRAMES.map((_, at) => String(at + 1)), text: `Timeframe: ${TIMEFRAMES.join(", ")}` },
  { keys: ["s"], text: "Choose a symbol" },
  { keys: ["t"], text: "Show the bars as a table, or hide it" },
] as const;

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
