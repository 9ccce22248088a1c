import {
  type Direction,
  isAfter,
  type Quote,
  type QuoteEvent,
  type QuoteRow,
  type Snapshot,
  type SourcesEvent,
} from "./quotes";

type Listener = () => void;
/** Has `flush` called soon, once: at the next frame of the screen. */
export type Schedule = (flush: () => void) => void;

const nextFrame: Schedule = (flush) => void requestAnimationFrame(flush);
const NO_SOURCES: SourcesEvent = { sources: {}, displayed: {} };

/**
 * The newest displayed quote of every symbol, from snapshots and the stream's events.
 *
 * However many events come, listeners are told at most once a frame, and only of symbols that changed.
 */
export class QuoteStore {
  private readonly rows = new Map<string, QuoteRow>();
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly listListeners = new Set<Listener>();
  private readonly dirty = new Set<string>();
  private isListDirty = false;
  private isScheduled = false;
  private order: readonly string[] = [];
  private told: SourcesEvent = NO_SOURCES;

  constructor(private readonly schedule: Schedule = nextFrame) {}

  /** The symbols of the last snapshot, in its order. */
  symbols = (): readonly string[] => this.order;

  /** The row of a symbol; undefined while nothing is known of it. */
  row = (symbol: string): QuoteRow | undefined => this.rows.get(symbol);

  /** How the sources stand, by the stream's last word. */
  sources = (): SourcesEvent => this.told;

  /** Take a snapshot: it says how current each quote is and what each source says, and brings what the stream has not. */
  take(snapshot: Snapshot): void {
    const symbols = snapshot.quotes.map((quote) => quote.symbol);
    if (symbols.join() !== this.order.join()) {
      this.order = symbols;
      this.isListDirty = true;
      this.keepOnly(new Set(symbols));
    }
    for (const quote of snapshot.quotes) this.merge(quote, snapshot.stream_id);
    this.wake();
  }

  /** Take an event of the stream; one of a source that is not displayed for its symbol, and an old one, change nothing. */
  apply(event: QuoteEvent, id: string): void {
    const row = this.rows.get(event.symbol);
    if (row === undefined || !this.isDisplayed(event) || !isAfter(id, row.quote.stream_id)) return;
    const known = row.quote.state === "closed" ? row.quote.state : event.delayed ? "delayed" : "live";
    this.put({
      ...BLANK,
      ...event,
      sources: row.quote.sources,
      disagrees: row.quote.disagrees,
      state: known,
      age_ms: null,
      stream_id: id,
    });
    this.wake();
  }

  /**
   * Whether an event is of the source that is shown of its symbol: of the one that the stream names, before it has named
   * any of the one that the snapshot shows; where neither names one, every event is what there is.
   */
  isDisplayed(event: QuoteEvent): boolean {
    const shown = this.rows.get(event.symbol)?.quote.source;
    const displayed = this.told === NO_SOURCES ? shown : this.told.displayed[event.symbol];
    return displayed == null || event.source === displayed;
  }

  /** Events were lost, and places may have begun anew: whatever comes next, event or snapshot, is newer than what is here. */
  unplace(): void {
    for (const row of this.rows.values()) {
      this.rows.set(row.symbol, { ...row, quote: { ...row.quote, stream_id: null } });
    }
  }

  /** Take the stream's word on the sources. */
  hear(told: SourcesEvent): void {
    this.told = told;
    this.isListDirty = true;
    this.wake();
  }

  /** Be told when the row of a symbol has changed; the answer ends it. */
  watch(symbol: string, listener: Listener): () => void {
    const those = this.listeners.get(symbol) ?? new Set();
    this.listeners.set(symbol, those.add(listener));
    return () => {
      those.delete(listener);
    };
  }

  /** Be told when the list of symbols or the sources have changed; the answer ends it. */
  watchList = (listener: Listener): (() => void) => {
    this.listListeners.add(listener);
    return () => {
      this.listListeners.delete(listener);
    };
  };

  private merge(quote: Quote, snapshotId: string | null): void {
    const shown = this.rows.get(quote.symbol)?.quote;
    // An event that came after the snapshot was read knows better, but for what only a snapshot tells.
    const known = shown?.source === quote.source ? quote.stream_id : snapshotId;
    const isNewer = shown?.stream_id != null && known !== null && isAfter(shown.stream_id, known);
    if (!isNewer) this.put(quote);
    else {
      const state = quote.state === "closed" || shown.state === "closed" ? quote.state : shown.state;
      this.put({ ...shown, state, sources: quote.sources, disagrees: quote.disagrees });
    }
  }

  private keepOnly(symbols: ReadonlySet<string>): void {
    for (const symbol of this.rows.keys()) {
      if (symbols.has(symbol)) continue;
      this.rows.delete(symbol);
      this.dirty.add(symbol);
    }
  }

  private put(quote: Quote): void {
    const before = this.rows.get(quote.symbol);
    const moved = directionOf(before?.quote.last, quote.last);
    this.rows.set(quote.symbol, {
      symbol: quote.symbol,
      quote,
      direction: moved === 0 ? (before?.direction ?? 0) : moved,
      changes: (before?.changes ?? 0) + (moved === 0 ? 0 : 1),
    });
    this.dirty.add(quote.symbol);
  }

  private wake(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.schedule(() => this.flush());
  }

  private flush(): void {
    this.isScheduled = false;
    const symbols = [...this.dirty];
    this.dirty.clear();
    if (this.isListDirty) {
      this.isListDirty = false;
      for (const listener of [...this.listListeners]) listener();
    }
    for (const symbol of symbols) for (const listener of [...(this.listeners.get(symbol) ?? [])]) listener();
  }
}

const BLANK: Quote = {
  symbol: "",
  source: null,
  seq: null,
  ts: null,
  recv_ts: null,
  session_date: null,
  contract: null,
  ts_origin: null,
  last: null,
  bid: null,
  ask: null,
  open: null,
  high: null,
  low: null,
  close: null,
  change: null,
  last_size: null,
  bid_size: null,
  ask_size: null,
  volume: null,
  trade: null,
  delayed: null,
  v: null,
  age_ms: null,
  state: "no_source",
  stream_id: null,
  sources: [],
  disagrees: [],
};

function directionOf(before: string | null | undefined, now: string | null): Direction {
  if (before == null || now === null) return 0;
  const difference = Number(now) - Number(before);
  return difference > 0 ? 1 : difference < 0 ? -1 : 0;
}
