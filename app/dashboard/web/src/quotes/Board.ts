import type { Priced } from "../format/prices";
import type { QuoteStore } from "../live/QuoteStore";
import type { QuoteRow } from "../live/quotes";
import { sparkPoints } from "./PriceRing";
import { RowPainter } from "./RowPainter";
import { rowView } from "./rowView";
import type { Sparks } from "./Sparks";

/** What decides how all rows are shown, beside their quotes. */
export interface Terms {
  readonly staleAfterMs: number | null;
  readonly isLost: boolean;
  readonly instruments: ReadonlyMap<string, Priced> | undefined;
  readonly timeOf: (at: number) => string;
}

interface BoardRow {
  readonly symbol: string;
  readonly element: HTMLElement;
  readonly painter: RowPainter;
  readonly line: Element | null;
  isInView: boolean;
  changes: number | null;
  flashedAt: number;
  drawn: number;
}

/** The box of a row's line. */
export const SPARK = { width: 96, height: 20 } as const;

const FLASH_MS = 350;
// A price that changes all the time is lit for a moment and rests for one, else it would be lit always.
const FLASH_EVERY_MS = 600;
const SWEEP_MS = 100;
const NO_TERMS: Terms = { staleAfterMs: null, isLost: false, instruments: undefined, timeOf: String };

/** Keeps the rows that are on the screen painted: at their changes while in view, once a second all. */
export class Board {
  private readonly rows = new Map<Element, BoardRow>();
  private readonly seen: IntersectionObserver | null;
  private readonly lit = new Set<BoardRow>();
  private sweeper: ReturnType<typeof setTimeout> | null = null;
  private terms = NO_TERMS;

  constructor(
    private readonly store: QuoteStore,
    private readonly sparks: Sparks,
    private readonly serverNow: () => number,
    private readonly now: () => number = () => performance.now(),
  ) {
    const canSee = typeof IntersectionObserver !== "undefined";
    this.seen = canSee ? new IntersectionObserver((them) => this.see(them), { rootMargin: "200px" }) : null;
  }

  /** Paint a symbol's row from now on; the answer ends it. */
  attach(symbol: string, element: HTMLElement): () => void {
    const row: BoardRow = {
      symbol,
      element,
      painter: new RowPainter(element),
      line: element.querySelector("[data-spark]"),
      isInView: this.seen === null,
      changes: null,
      flashedAt: Number.NEGATIVE_INFINITY,
      drawn: -1,
    };
    this.rows.set(element, row);
    this.seen?.observe(element);
    const unwatch = this.store.watch(symbol, () => row.isInView && this.paint(row));
    this.paint(row);
    this.draw(row);
    return () => {
      unwatch();
      this.seen?.unobserve(element);
      this.rows.delete(element);
      this.lit.delete(row);
    };
  }

  /** Show all rows by other terms. */
  show(terms: Terms): void {
    this.terms = terms;
    for (const row of this.rows.values()) this.paint(row);
  }

  /** A second has passed: ages grow, lines go on. */
  tick(): void {
    for (const symbol of this.store.symbols()) {
      const row = this.store.row(symbol);
      if (row !== undefined) this.sparks.add(symbol, row.quote);
    }
    for (const row of this.rows.values()) {
      this.paint(row);
      if (row.isInView) this.draw(row);
    }
  }

  end(): void {
    if (this.sweeper !== null) clearTimeout(this.sweeper);
    this.sweeper = null;
    this.seen?.disconnect();
    this.sparks.end();
  }

  private see(them: readonly IntersectionObserverEntry[]): void {
    for (const one of them) {
      const row = this.rows.get(one.target);
      if (row === undefined) continue;
      row.isInView = one.isIntersecting;
      if (!row.isInView) continue;
      this.paint(row);
      this.draw(row);
    }
  }

  private paint(row: BoardRow): void {
    const known = this.store.row(row.symbol);
    if (known === undefined) return;
    const { instruments, staleAfterMs, isLost } = this.terms;
    const reckoning = { now: this.serverNow(), staleAfterMs, isLost };
    row.painter.paint(rowView(known.quote, known.direction, instruments?.get(row.symbol), reckoning));
    this.flash(row, known);
  }

  private flash(row: BoardRow, known: QuoteRow): void {
    const isNew = row.changes !== null && row.changes !== known.changes;
    row.changes = known.changes;
    const now = this.now();
    if (!isNew || !row.isInView || now - row.flashedAt < FLASH_EVERY_MS) return;
    row.flashedAt = now;
    row.painter.light(known.direction === 1);
    this.lit.add(row);
    this.sweeper ??= setTimeout(() => this.sweep(), SWEEP_MS);
  }

  // A flash is two changes of colour and no animation, which would have the browser paint all rows at every frame.
  private sweep(): void {
    const now = this.now();
    for (const row of this.lit) {
      if (now - row.flashedAt < FLASH_MS) continue;
      row.painter.darken();
      this.lit.delete(row);
    }
    this.sweeper = this.lit.size === 0 ? null : setTimeout(() => this.sweep(), SWEEP_MS);
  }

  private draw(row: BoardRow): void {
    const quote = this.store.row(row.symbol)?.quote;
    if (row.line === null || quote === undefined) return;
    if (row.isInView) this.sparks.want(row.symbol, quote);
    const ring = this.sparks.ring(row.symbol);
    if (ring === undefined || ring.version === row.drawn) return;
    row.drawn = ring.version;
    row.line.setAttribute("points", sparkPoints(ring.prices, SPARK.width, SPARK.height));
    const title = row.line.parentElement?.querySelector("title");
    const spans = this.sparks.describe(row.symbol, this.terms.timeOf);
    if (title && title.textContent !== spans) title.textContent = spans;
  }
}
