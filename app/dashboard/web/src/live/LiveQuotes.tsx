import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useSyncExternalStore,
} from "react";
import { type EventListener, LiveDesk } from "./LiveDesk";
import type { QuoteStore } from "./QuoteStore";
import type { QuoteRow, SourcesEvent } from "./quotes";
import { useServerClock } from "./ServerClock";
import type { StreamStanding } from "./standing";
import { surroundings } from "./surroundings";

export type { StreamStanding } from "./standing";

interface Live {
  readonly store: QuoteStore;
  readonly standing: StreamStanding;
  /** Take a snapshot now, such as after the watchlist was changed, and follow its symbols. */
  refresh(): void;
  tryNow(): void;
  /** Hear every displayed event of a symbol, each once; the answer ends it. */
  onEvent(symbol: string, listener: EventListener): () => void;
}

const Context = createContext<LiveDesk | null>(null);

/** Quotes for everything below: a snapshot, then the stream, and a snapshot every few seconds for how current they are. */
export function LiveQuotes({ children, desk: given }: { children: ReactNode; desk?: LiveDesk }) {
  const clock = useServerClock();
  const desk = useMemo(() => given ?? new LiveDesk(surroundings(clock)), [clock, given]);
  useEffect(() => desk.run(), [desk]);
  return <Context.Provider value={desk}>{children}</Context.Provider>;
}

/** The live quotes of the page; whoever uses this is drawn anew when the stream's standing changes. */
export function useLive(): Live {
  const desk = useDeskOfQuotes();
  const standing = useStanding();
  return useMemo(
    () => ({ store: desk.store, standing, refresh: desk.restart, tryNow: desk.tryNow, onEvent: desk.onEvent }),
    [desk, standing],
  );
}

/** How the stream stands, anew whenever that changes. */
export function useStanding(): StreamStanding {
  const desk = useDeskOfQuotes();
  return useSyncExternalStore(desk.watchStanding, desk.standing);
}

/** The store of all rows, for who watches them without being drawn anew. */
export function useQuoteStore(): QuoteStore {
  return useDeskOfQuotes().store;
}

/** The row of a symbol, anew at most once a frame. */
export function useQuoteRow(symbol: string): QuoteRow | undefined {
  const store = useQuoteStore();
  const watch = useCallback((listener: () => void) => store.watch(symbol, listener), [store, symbol]);
  return useSyncExternalStore(watch, () => store.row(symbol));
}

/** The watched symbols in order. */
export function useQuoteSymbols(): readonly string[] {
  const store = useQuoteStore();
  return useSyncExternalStore(store.watchList, store.symbols);
}

/** How the sources stand. */
export function useSources(): SourcesEvent {
  const store = useQuoteStore();
  return useSyncExternalStore(store.watchList, store.sources);
}

function useDeskOfQuotes(): LiveDesk {
  const desk = useContext(Context);
  if (desk === null) throw new Error("live quotes are used outside <LiveQuotes>");
  return desk;
}
