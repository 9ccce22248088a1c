import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";
import { answered, api } from "../api/client";
import { QuoteStore } from "./QuoteStore";
import { QuoteStream, type StreamState } from "./QuoteStream";
import type { QuoteEvent, QuoteRow, SourcesEvent } from "./quotes";

/** How the live stream stands, for banner and light. */
export interface StreamStanding {
  readonly state: StreamState;
  readonly nextTryMs: number | null;
  /** Events that were left out because this page read too slowly. */
  readonly conflated: number;
}

type EventListener = (event: QuoteEvent, id: string) => void;

interface Live {
  readonly store: QuoteStore;
  readonly standing: StreamStanding;
  /** Take a snapshot now, such as after the watchlist was changed, and follow its symbols. */
  refresh(): void;
  tryNow(): void;
  /** Hear every displayed event of a symbol; the answer ends it. */
  onEvent(symbol: string, listener: EventListener): () => void;
}

const Context = createContext<Live | null>(null);
const SNAPSHOT_EVERY_MS = 5_000;

/** Quotes for everything below: a snapshot, then the stream, and a snapshot every few seconds for how current they are. */
export function LiveQuotes({ children }: { children: ReactNode }) {
  const [standing, setStanding] = useState<StreamStanding>({ state: "connecting", nextTryMs: null, conflated: 0 });
  const desk = useMemo(() => new LiveDesk(setStanding), []);
  useEffect(() => desk.run(), [desk]);
  const live = useMemo<Live>(
    () => ({ store: desk.store, standing, refresh: desk.restart, tryNow: desk.tryNow, onEvent: desk.onEvent }),
    [desk, standing],
  );
  return <Context.Provider value={live}>{children}</Context.Provider>;
}

/** The live quotes of the page. */
export function useLive(): Live {
  const live = useContext(Context);
  if (live === null) throw new Error("useLive is used outside <LiveQuotes>");
  return live;
}

/** The row of a symbol, anew at most once a frame. */
export function useQuoteRow(symbol: string): QuoteRow | undefined {
  const { store } = useLive();
  const watch = useCallback((listener: () => void) => store.watch(symbol, listener), [store, symbol]);
  return useSyncExternalStore(watch, () => store.row(symbol));
}

/** The watched symbols in order. */
export function useQuoteSymbols(): readonly string[] {
  const { store } = useLive();
  return useSyncExternalStore((listener) => store.watchList(listener), store.symbols);
}

/** How the sources stand. */
export function useSources(): SourcesEvent {
  const { store } = useLive();
  return useSyncExternalStore((listener) => store.watchList(listener), store.sources);
}

class LiveDesk {
  readonly store = new QuoteStore();
  private readonly hearers = new Map<string, Set<EventListener>>();
  private conflated = 0;
  private isTaking = false;
  private readonly stream = new QuoteStream({
    onQuote: (event, id) => {
      this.store.apply(event, id);
      const displayed = this.store.sources().displayed[event.symbol];
      if (displayed !== undefined && displayed !== event.source) return;
      for (const hear of this.hearers.get(event.symbol) ?? []) hear(event, id);
    },
    onSources: (event) => this.store.hear(event),
    onReset: () => void this.snapshot(),
    onConflated: (count) => {
      this.conflated += count;
      this.tell((now) => ({ ...now, conflated: this.conflated }));
    },
    onState: (state, nextTryMs) => this.tell((now) => ({ ...now, state, nextTryMs })),
  });

  constructor(private readonly tell: (change: (now: StreamStanding) => StreamStanding) => void) {}

  /** Begin; the answer ends it. A hidden page holds no connection, for a browser has six to one address. */
  run(): () => void {
    const seen = () => (document.hidden ? this.stream.stop() : this.restart());
    document.addEventListener("visibilitychange", seen);
    if (!document.hidden) this.restart();
    const timer = setInterval(() => !document.hidden && void this.snapshot(), SNAPSHOT_EVERY_MS);
    return () => {
      document.removeEventListener("visibilitychange", seen);
      clearInterval(timer);
      this.stream.stop();
    };
  }

  restart = (): void => {
    void this.snapshot().then((id) => {
      if (!document.hidden) this.stream.start(id);
    });
  };

  tryNow = (): void => this.stream.tryNow();

  onEvent = (symbol: string, listener: EventListener): (() => void) => {
    const those = this.hearers.get(symbol) ?? new Set();
    this.hearers.set(symbol, those.add(listener));
    return () => those.delete(listener);
  };

  private async snapshot(): Promise<string | null> {
    if (this.isTaking) return null;
    this.isTaking = true;
    try {
      const taken = await answered(api.GET("/api/quotes"));
      this.store.take(taken);
      return taken.stream_id;
    } catch {
      return null; // The stream's state and the next snapshot, seconds later, tell that Thor is away.
    } finally {
      this.isTaking = false;
    }
  }
}
