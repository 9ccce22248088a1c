import type { ApiProblem } from "../api/problems";
import type { Quote, QuoteEvent, Snapshot } from "./quotes";
import type { Surroundings } from "./surroundings";

/** A stream that a test makes speak. */
export class FakeSource extends EventTarget {
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readyState = 0;
  isClosed = false;

  constructor(readonly url: string) {
    super();
  }

  accept(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  fail(readyState = 0): void {
    this.readyState = readyState;
    this.onerror?.();
  }

  say(name: string, data: unknown, lastEventId = ""): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data), lastEventId }));
  }

  close(): void {
    this.isClosed = true;
  }
}

/** A Thor that answers what a test puts into it; `hold` keeps snapshots back until they are let go. */
export class FakeThor implements Surroundings {
  readonly opened: FakeSource[] = [];
  readonly held: (() => void)[] = [];
  readonly clockSet: [string, number][] = [];
  answer: Snapshot | Error = snapshotOf([], null);
  isHolding = false;
  asked = 0;
  at = 0;
  said: ApiProblem | null = null;
  private shut = false;
  private readonly hearers = new Set<() => void>();

  get source(): FakeSource {
    const last = this.opened.at(-1);
    if (last === undefined) throw new Error("no stream was opened");
    return last;
  }

  snapshot = async (): Promise<Snapshot> => {
    this.asked += 1;
    const answer = this.answer;
    if (this.isHolding) await new Promise<void>((letGo) => this.held.push(letGo));
    if (answer instanceof Error) throw answer;
    return answer;
  };

  open = (url: string): EventSource => {
    const source = new FakeSource(url);
    this.opened.push(source);
    return source as unknown as EventSource;
  };

  refusal = async (): Promise<ApiProblem | null> => this.said;
  isShut = (): boolean => this.shut;
  onShut = (listener: () => void): (() => void) => {
    this.hearers.add(listener);
    return () => void this.hearers.delete(listener);
  };
  /** Have Thor know nobody here any more, or somebody again. */
  shutDoor(isShut: boolean): void {
    this.shut = isShut;
    for (const listener of [...this.hearers]) listener();
  }

  now = (): number => this.at;
  serverNow = (): number => 1_000 + this.at;
  setClock = (instant: string, tookMs: number): void => void this.clockSet.push([instant, tookMs]);
}

/** A live quote of ES, changed as told. */
export function quoteOf(change: Partial<Quote> = {}): Quote {
  return {
    symbol: "ES",
    source: "SCHWAB",
    seq: 1,
    ts: "2026-11-27T15:00:00.000000Z",
    recv_ts: "2026-11-27T15:00:00.000000Z",
    session_date: "2026-11-27",
    contract: "ESZ26",
    ts_origin: "exchange",
    last: "6467.25",
    bid: "6467.25",
    ask: "6467.50",
    open: "6469.25",
    high: "6470.00",
    low: "6465.00",
    close: "6469.00",
    change: "-1.75",
    last_size: 1,
    bid_size: 12,
    ask_size: 7,
    volume: 1200,
    trade: true,
    delayed: false,
    v: 1,
    age_ms: 100,
    state: "live",
    stream_id: "10-0",
    sources: [],
    disagrees: [],
    ...change,
  };
}

/** An event of ES, changed as told. */
export function eventOf(change: Partial<QuoteEvent> = {}): QuoteEvent {
  const { age_ms, state, stream_id, sources, disagrees, ...event } = quoteOf();
  return { ...event, ...change };
}

/** A snapshot of these quotes. */
export function snapshotOf(quotes: Quote[], streamId: string | null): Snapshot {
  return {
    market: { name: "CME_Futures", open: true },
    as_of: "2026-11-27T15:00:00.100000Z",
    stream_id: streamId,
    quotes,
    missing: [],
  };
}
