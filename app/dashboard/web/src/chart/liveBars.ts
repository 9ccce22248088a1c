import type { QuoteEvent } from "../live/quotes";
import { type Bar, microsOf } from "./bars";
import type { BarWindow } from "./barWindow";
import type { Bucket } from "./sessions";

/** The bars that this page makes of the stream's events until the server tells them. */
export interface LiveBars {
  /** Those whose bucket has ended since the server was asked. */
  readonly ended: readonly Bar[];
  readonly forming: Bar | null;
  /** Events up to here, in microseconds, are in what the server told. */
  readonly through: number;
  /** The highest value of the cumulative volume so far; null until one was heard. */
  readonly counted: number | null;
  /** What was counted and heard in the running bucket before its first trade. */
  readonly waiting: { readonly open: number; readonly volume: number; readonly ticks: number };
  /** The time of the newest event, in microseconds. */
  readonly newest: number;
}

/** The bucket of an instant in milliseconds; null between sessions. */
export type BucketAt = (ms: number) => Bucket | null;

const NOTHING_WAITS = { open: 0, volume: 0, ticks: 0 };

/**
 * What the server told, and the events that were heard and are not in it yet. `heard` is in the order of the stream and
 * may reach back before what was told: the newest volume in there is what the next one is compared with.
 */
export function liveBarsOf(window: BarWindow, heard: readonly QuoteEvent[], bucketAt: BucketAt): LiveBars {
  const through = window.forming === null ? beforeRunning(window, bucketAt) : microsOf(window.forming.through);
  const counted = heard.reduce<number | null>(
    (so, event) => (timeOf(event) <= through && event.volume != null ? peak(so, event.volume) : so),
    null,
  );
  const begun: LiveBars = {
    ended: [],
    forming: window.forming,
    through,
    counted,
    waiting: NOTHING_WAITS,
    newest: through,
  };
  return heard.reduce((live, event) => withEvent(live, event, bucketAt), begun);
}

/** With one more event of the stream: only a trade moves a price, and nothing that the server counted counts twice. */
export function withEvent(live: LiveBars, event: QuoteEvent, bucketAt: BucketAt): LiveBars {
  const at = timeOf(event);
  const bucket = bucketAt(at / 1_000);
  if (at <= live.through || bucket === null) return live;
  const grown = growth(live.counted, event);
  const counted = event.volume == null ? live.counted : peak(live.counted, event.volume);
  const turned = turnedTo(live, bucket);
  const next = { ...turned, counted, newest: Math.max(live.newest, at) };
  const running = turned.forming;
  if (running !== null && Date.parse(running.t_open) > bucket.open) return next;
  const price = event.trade === true ? (event.last ?? null) : null;
  if (running !== null) return { ...next, forming: grownBar(running, price, grown, at >= live.newest) };
  const waiting = { ...turned.waiting, volume: turned.waiting.volume + (grown ?? 0), ticks: turned.waiting.ticks + 1 };
  if (price === null || event.source == null) return { ...next, waiting };
  return { ...next, waiting: NOTHING_WAITS, forming: newBar(event, price, bucket, waiting) };
}

// Where no bar runs, the running bucket's events are in nothing that was told, and all others are.
function beforeRunning(window: BarWindow, bucketAt: BucketAt): number {
  const last = window.bars.at(-1);
  const running = bucketAt(Date.parse(window.end))?.open ?? Date.parse(window.end);
  return Math.max(running * 1_000, last === undefined ? 0 : microsOf(last.t_close)) - 1;
}

function turnedTo(live: LiveBars, bucket: Bucket): LiveBars {
  const { forming, waiting } = live;
  if (forming !== null && Date.parse(forming.t_close) <= bucket.open) {
    return {
      ...live,
      ended: [...live.ended, forming],
      forming: null,
      waiting: { ...NOTHING_WAITS, open: bucket.open },
    };
  }
  // Volume without a price falls to the next bar, events do not.
  return waiting.open < bucket.open ? { ...live, waiting: { ...waiting, open: bucket.open, ticks: 0 } } : live;
}

function grownBar(bar: Bar, price: string | null, grown: number | null, isNewest: boolean): Bar {
  const volume = grown === null ? bar.volume : (bar.volume ?? 0) + grown;
  const same = { ...bar, volume, tick_count: bar.tick_count + 1 };
  if (price === null) return same;
  return {
    ...same,
    high: Number(price) > Number(bar.high) ? price : bar.high,
    low: Number(price) < Number(bar.low) ? price : bar.low,
    close: isNewest ? price : bar.close,
  };
}

function newBar(event: QuoteEvent, price: string, bucket: Bucket, waiting: LiveBars["waiting"]): Bar {
  return {
    source: event.source as Bar["source"],
    t_open: new Date(bucket.open).toISOString(),
    t_close: new Date(bucket.close).toISOString(),
    open: price,
    high: price,
    low: price,
    close: price,
    volume: event.volume == null ? null : waiting.volume,
    tick_count: waiting.ticks,
    coverage: null,
  };
}

// As the server counts: a fall to less than half is a restart from 0, a smaller one a correction.
function growth(counted: number | null, event: QuoteEvent): number | null {
  if (event.volume == null) return null;
  if (counted === null) return event.trade === true ? (event.last_size ?? 0) : 0;
  return isRestart(counted, event.volume) ? event.volume : Math.max(0, event.volume - counted);
}

function peak(counted: number | null, volume: number): number {
  return counted === null || isRestart(counted, volume) ? volume : Math.max(counted, volume);
}

function isRestart(counted: number, volume: number): boolean {
  return volume < counted / 2;
}

function timeOf(event: QuoteEvent): number {
  return event.ts == null ? Number.NaN : microsOf(event.ts);
}
