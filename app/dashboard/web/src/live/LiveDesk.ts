import { ApiProblem } from "../api/problems";
import { QuoteStore } from "./QuoteStore";
import { type LossReason, QuoteStream, type StreamState } from "./QuoteStream";
import { isAfter, type QuoteEvent, type Snapshot, type SourcesEvent } from "./quotes";
import { NO_STANDING, type StreamStanding } from "./standing";
import type { Surroundings } from "./surroundings";

export type EventListener = (event: QuoteEvent, id: string) => void;

const SNAPSHOT_EVERY_MS = 5_000;
const SILENT_AFTER_MS = 10_000;

/** Snapshots and stream, kept together: what is shown is never older than either, and no event is told twice. */
export class LiveDesk {
  readonly store: QuoteStore;
  private readonly hearers = new Map<string, Set<EventListener>>();
  private readonly heard = new Map<string, string>();
  private readonly listeners = new Set<() => void>();
  private told = NO_STANDING;
  private taking: Promise<Snapshot | null> | null = null;
  private turn = 0;
  /** What was watched when the stream was begun: it carries those symbols, however the watchlist changes. */
  private followed: ReadonlySet<string> = new Set();
  private readonly stream: QuoteStream;

  constructor(
    private readonly around: Surroundings,
    store = new QuoteStore(),
  ) {
    this.store = store;
    this.stream = new QuoteStream(
      {
        onQuote: (event, id) => this.hear(event, id),
        onSources: (event) => this.hearSources(event),
        onReset: (reason) => this.startOver(reason),
        onConflated: (count) => this.tell({ conflated: this.told.conflated + count }),
        onBus: (isBusAway) => this.tell({ isBusAway }),
        onState: (state, nextTryMs, reason) => this.standAt(state, nextTryMs, reason),
      },
      (url) => around.open(url),
      Math.random,
      () => around.now(),
    );
  }

  standing = (): StreamStanding => this.told;

  watchStanding = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Begin; the answer ends it. A hidden page holds no connection, for a browser has six to one address. */
  run = (): (() => void) => {
    const { isShut, onShut } = this.around;
    const seen = () => (document.hidden ? this.pause() : isShut() ? this.pause("logged_out") : this.restart());
    document.addEventListener("visibilitychange", seen);
    let wasShut = isShut();
    const unwatch = onShut(() => {
      if (wasShut === isShut()) return;
      wasShut = isShut();
      seen();
    });
    if (!document.hidden) seen();
    const timer = setInterval(() => !document.hidden && !isShut() && void this.check(), SNAPSHOT_EVERY_MS);
    return () => {
      unwatch();
      document.removeEventListener("visibilitychange", seen);
      clearInterval(timer);
      this.pause();
    };
  };

  /** Take a snapshot of what is watched now, and follow that; only the last of several calls makes a connection. */
  restart = (): void => {
    this.turn += 1;
    const mine = this.turn;
    void this.takeNew().then((taken) => {
      if (mine !== this.turn || this.around.isShut()) return;
      if (taken !== null) this.tell({ holes: this.told.holes + 1 });
      this.followed = new Set(this.store.symbols());
      this.stream.start(taken?.stream_id ?? this.stream.lastId);
    });
  };

  /** Connect at once instead of after the wait. */
  tryNow = (): void => {
    this.stream.tryNow();
    void this.take();
  };

  onEvent = (symbol: string, listener: EventListener): (() => void) => {
    const those = this.hearers.get(symbol) ?? new Set();
    this.hearers.set(symbol, those.add(listener));
    return () => {
      those.delete(listener);
    };
  };

  private pause(reason: LossReason | null = null): void {
    this.turn += 1;
    this.stream.stop(reason);
  }

  private hear(event: QuoteEvent, id: string): void {
    this.store.apply(event, id);
    if (!this.store.isDisplayed(event)) return;
    if (!isAfter(id, this.heard.get(event.symbol) ?? null)) return;
    this.heard.set(event.symbol, id);
    for (const hear of this.hearers.get(event.symbol) ?? []) hear(event, id);
  }

  private hearSources(event: SourcesEvent): void {
    this.store.hear(event);
    const isOther = (symbol: string) => {
      const source = this.store.row(symbol)?.quote.source;
      return source != null && (event.displayed[symbol] ?? source) !== source;
    };
    if (this.store.symbols().some(isOther)) void this.takeNew();
  }

  private startOver(reason: string): void {
    this.heard.clear();
    this.store.unplace();
    this.tell({ reset: { reason, at: this.around.serverNow() }, holes: this.told.holes + 1 });
    void this.takeNew();
  }

  private async check(): Promise<void> {
    const taken = await this.take();
    const isSilent = (this.stream.silentMs ?? 0) > SILENT_AFTER_MS;
    if (taken === null) {
      const { problem } = this.told;
      if (isSilent && problem instanceof ApiProblem && problem.status === 0) this.stream.drop("silent");
      return;
    }
    if (taken.quotes.some(({ symbol }) => !this.followed.has(symbol))) return this.restart();
    const isAhead = (id: string | null) => id !== null && isAfter(id, this.stream.lastId);
    if (isSilent && taken.quotes.some((quote) => isAhead(quote.stream_id))) this.stream.drop("silent");
  }

  /** A snapshot that was asked for after this call, when the one under way has come. */
  private async takeNew(): Promise<Snapshot | null> {
    if (this.taking !== null) await this.taking;
    return this.take();
  }

  private take(): Promise<Snapshot | null> {
    this.taking ??= this.ask().finally(() => {
      this.taking = null;
    });
    return this.taking;
  }

  private async ask(): Promise<Snapshot | null> {
    const asked = this.around.now();
    try {
      const taken = await this.around.snapshot();
      this.around.setClock(taken.as_of, this.around.now() - asked);
      this.store.take(taken);
      if (!this.told.hasSnapshot || this.told.problem !== null) this.tell({ hasSnapshot: true, problem: null });
      return taken;
    } catch (cause) {
      this.tell({ problem: cause instanceof Error ? cause : new Error(String(cause)) });
      return null;
    }
  }

  private standAt(state: StreamState, nextTryMs: number | null, reason: LossReason | null): void {
    const nextTryAt = nextTryMs === null ? null : this.around.now() + nextTryMs;
    const kept = state === "lost" ? (reason ?? this.told.reason) : null;
    const isBusAway = state === "live" || state === "connecting" ? false : this.told.isBusAway;
    const refusal = kept === "refused" ? this.told.refusal : null;
    this.tell({ state, nextTryMs, nextTryAt, reason: kept, refusal, isBusAway });
    if (reason === "refused") void this.around.refusal().then((said) => this.hearRefusal(said));
  }

  private hearRefusal(said: ApiProblem | null): void {
    if (this.told.reason !== "refused") return;
    this.tell({ refusal: said?.detail ?? null });
    if (said?.retryAfterS != null) this.stream.postpone(said.retryAfterS * 1_000);
  }

  private tell(change: Partial<StreamStanding>): void {
    this.told = { ...this.told, ...change };
    for (const listener of [...this.listeners]) listener();
  }
}
