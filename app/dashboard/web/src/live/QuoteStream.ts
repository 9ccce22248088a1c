import type { QuoteEvent, SourcesEvent } from "./quotes";

/** How the connection stands. `paused`: the page is hidden, so that its place is free for others. */
export type StreamState = "connecting" | "live" | "lost" | "paused";

/** What the stream tells; `onReset`: events are lost, so take a snapshot and go on from it. */
export interface StreamListener {
  onQuote(event: QuoteEvent, id: string): void;
  onSources(event: SourcesEvent): void;
  onReset(): void;
  onConflated(count: number): void;
  onState(state: StreamState, nextTryMs: number | null): void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/**
 * A connection to /api/quotes/stream that is made again whenever it is lost, after a wait that grows and is never the
 * same twice, from the last event that was heard.
 */
export class QuoteStream {
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private failures = 0;
  private lastId: string | null = null;
  private isWanted = false;

  constructor(
    private readonly listener: StreamListener,
    private readonly open: (url: string) => EventSource = (url) => new EventSource(url),
    private readonly chance: () => number = Math.random,
  ) {}

  /** Connect, going on after the event `id`; null hears what comes from now on. */
  start(id: string | null): void {
    this.isWanted = true;
    this.lastId = id;
    this.failures = 0;
    this.connect();
  }

  /** Close the connection and try no more; what was heard last is returned. */
  stop(): string | null {
    this.isWanted = false;
    this.close();
    this.listener.onState("paused", null);
    return this.lastId;
  }

  /** Try at once instead of after the wait. */
  tryNow(): void {
    if (this.isWanted && this.source === null) this.connect();
  }

  private connect(): void {
    this.close();
    this.listener.onState(this.failures === 0 ? "connecting" : "lost", null);
    const query = this.lastId === null ? "" : `?last_event_id=${encodeURIComponent(this.lastId)}`;
    const source = this.open(`/api/quotes/stream${query}`);
    this.source = source;
    source.onopen = () => {
      this.failures = 0;
      this.listener.onState("live", null);
    };
    source.onerror = () => this.retry();
    source.addEventListener("quote", (event) => this.hear(event));
    source.addEventListener("sources", (event) => this.listener.onSources(JSON.parse(event.data) as SourcesEvent));
    source.addEventListener("conflated", (event) => this.listener.onConflated(countOf(event.data)));
    source.addEventListener("reset", () => this.listener.onReset());
  }

  private hear(event: MessageEvent<string>): void {
    if (event.lastEventId !== "") this.lastId = event.lastEventId;
    this.listener.onQuote(JSON.parse(event.data) as QuoteEvent, event.lastEventId);
  }

  private retry(): void {
    this.close();
    if (!this.isWanted) return;
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures);
    const wait = longest * (0.5 + this.chance() / 2);
    this.failures += 1;
    this.listener.onState("lost", wait);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  private close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.source?.close();
    this.source = null;
  }
}

function countOf(data: string): number {
  const told: unknown = JSON.parse(data);
  return typeof told === "object" && told !== null && "count" in told ? Number(told.count) : 0;
}
