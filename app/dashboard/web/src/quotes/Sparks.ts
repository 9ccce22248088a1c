import type { Shape } from "../api/client";
import type { Quote } from "../live/quotes";
import { PriceRing } from "./PriceRing";

type Bars = Pick<Shape<"BarsAnswer">, "start" | "end" | "bars" | "source">;
/** Gets the 5-minute bars of the newest session of a symbol at a source. */
export type FetchBars = (symbol: string, source: Quote["source"], signal: AbortSignal) => Promise<Bars>;

const BUCKET_MS = 300_000;
const AT_ONCE = 2;
const AGAIN_AFTER_MS = 60_000;

interface Spark {
  readonly ring: PriceRing;
  session: string | null;
  readonly source: Quote["source"];
  standing: "none" | "waiting" | "asked" | "known" | "failed";
  failedAt: number;
  /** Whose bars the line begins with; null while it is of live prices alone. */
  barsOf: string | null;
}

/**
 * The course of each symbol's session: its bars so far, asked for when a row is first seen and two at a time, then the
 * prices that come. It holds at most one ring per symbol.
 */
export class Sparks {
  private readonly known = new Map<string, Spark>();
  private readonly queue: string[] = [];
  private ending = new AbortController();
  private running = 0;

  constructor(
    private readonly fetchBars: FetchBars,
    private readonly now: () => number,
  ) {}

  /** Have the bars of a symbol fetched unless they are. */
  want(symbol: string, quote: Quote): void {
    this.add(symbol, quote);
    const spark = this.of(symbol, quote);
    const isDue = spark.standing === "failed" && this.now() - spark.failedAt > AGAIN_AFTER_MS;
    if (spark.standing !== "none" && !isDue) return;
    spark.standing = "waiting";
    this.queue.push(symbol);
    this.work();
  }

  /** Take the newest price of a symbol. */
  add(symbol: string, quote: Quote): void {
    if (quote.last === null || quote.ts === null) return;
    this.of(symbol, quote).ring.put(bucketOf(quote.ts), Number(quote.last));
  }

  ring(symbol: string): PriceRing | undefined {
    return this.known.get(symbol)?.ring;
  }

  /** What the line of a symbol spans, in words. */
  describe(symbol: string, timeOf: (at: number) => string): string {
    const spark = this.known.get(symbol);
    const first = spark?.ring.prices[0];
    if (spark === undefined || first === undefined) return "No prices of this session yet";
    const since = timeOf(first.bucket * BUCKET_MS);
    return spark.barsOf === null
      ? `Prices since ${since}, as this page saw them`
      : `The session since ${since}: 5-minute closes of ${spark.barsOf}, then the newest price`;
  }

  /** Forget symbols that are not watched any more. */
  keepOnly(symbols: readonly string[]): void {
    for (const symbol of this.known.keys()) if (!symbols.includes(symbol)) this.known.delete(symbol);
  }

  /** Give up what is asked for, until a row is seen again. */
  end(): void {
    for (const symbol of this.queue.splice(0)) this.forgetWaiting(symbol);
    this.ending.abort();
    this.ending = new AbortController();
  }

  private forgetWaiting(symbol: string): void {
    const spark = this.known.get(symbol);
    if (spark?.standing === "waiting") spark.standing = "none";
  }

  private of(symbol: string, quote: Quote): Spark {
    const found = this.known.get(symbol);
    const isSame = quote.session_date === null || found?.session === quote.session_date;
    if (found !== undefined && isSame && found.source === quote.source) return found;
    // Two sessions or two sources are never one line.
    const begun: Spark = {
      ring: new PriceRing(),
      session: quote.session_date,
      source: quote.source,
      standing: "none",
      failedAt: 0,
      barsOf: null,
    };
    this.known.set(symbol, begun);
    return begun;
  }

  private work(): void {
    while (this.running < AT_ONCE) {
      const symbol = this.queue.shift();
      if (symbol === undefined) return;
      const spark = this.known.get(symbol);
      if (spark?.standing === "waiting") void this.fetch(symbol, spark);
    }
  }

  private async fetch(symbol: string, spark: Spark): Promise<void> {
    this.running += 1;
    spark.standing = "asked";
    const { signal } = this.ending;
    try {
      this.begin(spark, await this.fetchBars(symbol, spark.source, signal));
      spark.standing = "known";
    } catch {
      // The line goes on with what comes, and says so; the bars are asked for again when the row is next drawn.
      spark.standing = signal.aborted ? "none" : "failed";
      spark.failedAt = this.now();
    } finally {
      this.running -= 1;
      this.work();
    }
  }

  private begin(spark: Spark, { bars, start, end, source }: Bars): void {
    const newest = spark.ring.prices.at(-1);
    const at = newest === undefined ? null : newest.bucket * BUCKET_MS;
    const isOfSession = at === null || (at >= Date.parse(start) && at < Date.parse(end));
    if (!isOfSession || bars.length === 0) return;
    spark.ring.precede(bars.map((bar) => ({ bucket: bucketOf(bar.t_open), price: Number(bar.close) })));
    spark.barsOf = source;
  }
}

function bucketOf(instant: string): number {
  return Math.floor(Date.parse(instant) / BUCKET_MS);
}
