import type { QuoteEvent, SourcesEvent } from "./quotes";

/** How the connection stands. `paused`: the page is hidden, so that its place is free for others. */
export type StreamState = "connecting" | "live" | "lost" | "paused";

/** Why a connection was lost: it broke, Thor refused it, nobody answered, it was open and told nothing, or
 * Thor knows nobody here any more. */
export type LossReason = "broken" | "refused" | "unanswered" | "silent" | "logged_out";

/** What the stream tells; `onReset`: events are lost, so take a snapshot and go on from it. */
export interface StreamListener {
  onQuote(event: QuoteEvent, id: string): void;
  onSources(event: SourcesEvent): void;
  onReset(reason: string): void;
  onConflated(count: number): void;
  onBus(isAway: boolean): void;
  /** `nextTryMs`: how long until the next try; null when none is waited for. */
  onState(state: StreamState, nextTryMs: number | null, reason: LossReason | null): void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const ANSWER_WITHIN_MS = 10_000;
const REFUSED = 2; // EventSource.CLOSED: it was answered, but not with a stream.

/**
 * A connection to /api/quotes/stream that is made again whenever it is lost, after a wait that grows and is never the
 * same twice, from the last event that was heard.
 */
export class QuoteStream {
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private nextTryAt = 0;
  private failures = 0;
  private isWanted = false;
  private heardId: string | null = null;
  private heardAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly listener: StreamListener,
    private readonly open: (url: string) => EventSource = (url) => new EventSource(url),
    private readonly chance: () => number = Math.random,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The id after which a new connection goes on; null while nothing was heard. */
  get lastId(): string | null {
    return this.heardId;
  }

  /** How long an open connection has told nothing; null while there is none. Its comments cannot be seen from here. */
  get silentMs(): number | null {
    return this.source === null ? null : this.now() - this.heardAt;
  }

  /** Connect, going on after the event `id`; null hears what comes from now on. */
  start(id: string | null): void {
    this.isWanted = true;
    this.heardId = id;
    this.failures = 0;
    this.connect();
  }

  /** Close the connection and try no more; for the reason of a loss it counts as lost, else as paused. */
  stop(reason: LossReason | null = null): void {
    this.isWanted = false;
    this.close();
    this.listener.onState(reason === null ? "paused" : "lost", null, reason);
  }

  /** Wait at least so long from now before the next try, if one is waited for. */
  postpone(waitMs: number): void {
    if (!this.isWanted || this.source !== null || waitMs <= this.nextTryAt - this.now()) return;
    this.waitFor(waitMs);
    this.listener.onState("lost", waitMs, null);
  }

  /** Try at once instead of after the wait. */
  tryNow(): void {
    if (this.isWanted && this.source === null) this.connect();
  }

  /** Give up a connection for this reason, and make it again soon; nothing when there is none. */
  drop(reason: LossReason): void {
    if (this.source !== null) this.retry(reason);
  }

  private connect(): void {
    this.close();
    this.listener.onState(this.failures === 0 ? "connecting" : "lost", null, null);
    const query = this.heardId === null ? "" : `?last_event_id=${encodeURIComponent(this.heardId)}`;
    const source = this.open(`/api/quotes/stream${query}`);
    this.source = source;
    this.heardAt = this.now();
    this.timer = setTimeout(() => this.retry("unanswered"), ANSWER_WITHIN_MS);
    source.onopen = () => this.opened();
    source.onerror = () => this.retry(source.readyState === REFUSED ? "refused" : "broken");
    const on = (name: string, take: (event: MessageEvent<string>) => void) =>
      source.addEventListener(name, (event: MessageEvent<string>) => this.hear(source, event, take));
    on("quote", (event) => this.listener.onQuote(JSON.parse(event.data) as QuoteEvent, event.lastEventId));
    on("sources", (event) => this.listener.onSources(JSON.parse(event.data) as SourcesEvent));
    on("conflated", (event) => this.listener.onConflated(Number(fieldOf(event.data, "count") ?? 0)));
    on("reset", (event) => this.listener.onReset(String(fieldOf(event.data, "reason") ?? "unknown")));
    on("status", (event) => this.listener.onBus(fieldOf(event.data, "bus") === "away"));
  }

  private opened(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.listener.onState("live", null, null);
  }

  private hear(source: EventSource, event: MessageEvent<string>, take: (event: MessageEvent<string>) => void): void {
    if (source !== this.source) return; // A closed connection may still have events that were on their way.
    this.failures = 0;
    this.heardAt = this.now();
    if (event.lastEventId !== "") this.heardId = event.lastEventId;
    take(event);
  }

  private retry(reason: LossReason): void {
    this.close();
    if (!this.isWanted) return;
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures);
    const wait = longest * (0.5 + this.chance() / 2);
    this.failures += 1;
    this.listener.onState("lost", wait, reason);
    this.waitFor(wait);
  }

  private waitFor(waitMs: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.nextTryAt = this.now() + waitMs;
    this.timer = setTimeout(() => this.connect(), waitMs);
  }

  private close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.source?.close();
    this.source = null;
  }
}

function fieldOf(data: string, name: string): unknown {
  const told: unknown = JSON.parse(data);
  return typeof told === "object" && told !== null ? (told as Record<string, unknown>)[name] : undefined;
}
