import type { KeyDoing } from "../header/keys";

/** The keys of the page Quotes. */
export const KEYS: readonly KeyDoing[] = [
  { keys: "↓ or j", does: "select the next row" },
  { keys: "↑ or k", does: "select the row before" },
  { keys: "Home, End", does: "select the first or the last row" },
  { keys: "Enter", does: "open the selected symbol's chart" },
  { keys: "d", does: "show or hide what each source says of the selected symbol" },
  { keys: "/", does: "filter by symbol or name; Escape clears the filter" },
  { keys: "e", does: "edit the watchlist" },
];

/** What a key asks the table for. */
export type QuoteCommand = "next" | "before" | "first" | "last" | "open" | "details" | "filter" | "edit";

const COMMANDS: Readonly<Record<string, QuoteCommand>> = {
  ArrowDown: "next",
  j: "next",
  ArrowUp: "before",
  k: "before",
  Home: "first",
  End: "last",
  Enter: "open",
  d: "details",
  "/": "filter",
  e: "edit",
};

type Press = Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey" | "defaultPrevented" | "target">;

/** What a pressed key asks for; null for nothing, as while something is typed, a window is open, or Enter has its own use. */
export function commandOf(press: Press): QuoteCommand | null {
  if (press.defaultPrevented || press.ctrlKey || press.altKey || press.metaKey) return null;
  const target = press.target instanceof Element ? press.target : null;
  if (target?.closest("input, select, textarea, dialog, [contenteditable=true]")) return null;
  const command = COMMANDS[press.key] ?? null;
  return command === "open" && target?.closest("a, button, summary") ? null : command;
}

/** The symbol that a movement selects; the first one where none is selected. */
export function selectedAfter(
  command: QuoteCommand,
  symbols: readonly string[],
  selected: string | null,
): string | null {
  const at = selected === null ? -1 : symbols.indexOf(selected);
  const to = { next: at + 1, before: at === -1 ? 0 : at - 1, first: 0, last: symbols.length - 1 }[command as "next"];
  if (to === undefined) return selected;
  return symbols[Math.min(Math.max(to, 0), symbols.length - 1)] ?? null;
}
