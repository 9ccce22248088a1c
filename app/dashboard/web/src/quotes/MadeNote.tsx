import { useCallback, useSyncExternalStore } from "react";
import { useQuoteStore } from "../live/LiveQuotes";
import type { QuoteStore } from "../live/QuoteStore";
import { Badge } from "../ui/Badge";
import { isMade } from "./rowView";

const MEANINGS: Readonly<Record<string, string>> = {
  SIMULATED: "SIMULATED: made by Thor itself, of no market",
  REPLAY: "REPLAY: played back from an earlier session, not of now",
};

/** Says so plainly when quotes that are shown are made or played back. */
export function MadeNote() {
  const store = useQuoteStore();
  const watch = useCallback((listener: () => void) => watchSources(store, listener), [store]);
  const made = useSyncExternalStore(watch, () => madeSources(store));
  if (made === "") return null;
  return made.split(" ").map((source) => (
    <Badge key={source} tone="warn">
      {MEANINGS[source]}
    </Badge>
  ));
}

// Asked once a second: a row's source changes seldom, and its other changes are many.
function watchSources(store: QuoteStore, listener: () => void): () => void {
  const timer = setInterval(listener, 1_000);
  const unwatch = store.watchList(listener);
  return () => {
    clearInterval(timer);
    unwatch();
  };
}

/** The sources of shown quotes that are made or played back, in order and parted by blanks. */
export function madeSources(store: QuoteStore): string {
  const sources = store.symbols().map((symbol) => store.row(symbol)?.quote.source ?? null);
  return [...new Set(sources.filter(isMade))].sort().join(" ");
}
