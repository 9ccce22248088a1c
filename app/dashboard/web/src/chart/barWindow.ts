import type { Bar, BarsAnswer, FormingBar, Hole } from "./bars";

/** Bars that a chart holds at once; beyond them it is slow, and a longer timeframe shows more. */
export const MOST_BARS = 5_000;

/** A part of the history of one source without a break: its bars, and where it has none. */
export interface BarWindow {
  readonly source: string | null;
  /** All sources that were met in this part. */
  readonly sources: readonly string[];
  /** From the first bar's opening until before `end`. */
  readonly start: string;
  readonly end: string;
  readonly bars: readonly Bar[];
  readonly holes: readonly Hole[];
  /** Where the bars before these end; null when there are none. */
  readonly previousEnd: string | null;
  /** Newer bars were put aside, so that `end` is not the present. */
  readonly hasNewer: boolean;
  /** The bar that runs; null when nothing was traded in it, and where the window ends before. */
  readonly forming: FormingBar | null;
}

/** The window of a first answer, which reaches to the present. */
export function windowOf(answer: BarsAnswer): BarWindow {
  const { source, sources, start, end, bars, holes, forming } = answer;
  return { source, sources, start, end, bars, holes, forming, previousEnd: answer.previous_end, hasNewer: false };
}

/** With the bars before it; the newest are put aside where they get too many. */
export function withOlder(window: BarWindow, answer: BarsAnswer, most = MOST_BARS): BarWindow {
  if (answer.bars.length === 0 || answer.source !== window.source) {
    return { ...window, previousEnd: answer.previous_end };
  }
  const bars = [...answer.bars.filter((bar) => isBefore(bar.t_open, window.start)), ...window.bars];
  const holes = [...answer.holes.filter((hole) => isBefore(hole.from, window.start)), ...window.holes];
  const joined = {
    ...window,
    sources: union(window.sources, answer.sources),
    start: answer.start,
    bars,
    holes,
    previousEnd: answer.previous_end,
  };
  const further = bars[most];
  return further === undefined ? joined : putNewerAside(joined, further.t_open, most);
}

/** With the bars after it, up to the present where the answer reaches it; the oldest make room. */
export function withNewer(window: BarWindow, answer: BarsAnswer, most = MOST_BARS): BarWindow {
  if (!window.hasNewer || (answer.source !== window.source && answer.bars.length > 0)) return window;
  return putOlderAside(
    {
      ...window,
      sources: union(window.sources, answer.sources),
      end: answer.next_start ?? answer.end,
      bars: [...window.bars, ...answer.bars.filter((bar) => !isBefore(bar.t_open, window.end))],
      holes: [...window.holes, ...answer.holes.filter((hole) => !isBefore(hole.from, window.end))],
      hasNewer: answer.truncated,
    },
    most,
  );
}

/**
 * With what the server says of its newest part, which replaces what was known of it; null when the answer begins after
 * the window's end, so that something would be missing in between.
 */
export function withTail(window: BarWindow, answer: BarsAnswer, most = MOST_BARS): BarWindow | null {
  if (window.hasNewer) return window;
  if (answer.source !== window.source || isBefore(window.end, answer.start)) return null;
  return putOlderAside(
    {
      ...window,
      sources: union(window.sources, answer.sources),
      end: answer.end,
      bars: [...window.bars.filter((bar) => isBefore(bar.t_open, answer.start)), ...answer.bars],
      holes: [...window.holes.flatMap((hole) => cutAt(hole, answer.start)), ...answer.holes],
      forming: answer.forming,
    },
    most,
  );
}

function putNewerAside(window: BarWindow, end: string, most: number): BarWindow {
  const holes = window.holes.flatMap((hole) => cutAt(hole, end));
  return { ...window, end, bars: window.bars.slice(0, most), holes, hasNewer: true, forming: null };
}

function putOlderAside(window: BarWindow, most: number): BarWindow {
  const first = window.bars[window.bars.length - most];
  if (first === undefined || window.bars.length === most) return window;
  return {
    ...window,
    start: first.t_open,
    previousEnd: first.t_open,
    bars: window.bars.slice(-most),
    holes: window.holes.filter((hole) => !isBefore(hole.from, first.t_open)),
  };
}

function cutAt(hole: Hole, end: string): Hole[] {
  if (!isBefore(hole.from, end)) return [];
  return [isBefore(end, hole.to) ? { ...hole, to: end } : hole];
}

function isBefore(a: string, b: string): boolean {
  return Date.parse(a) < Date.parse(b);
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort();
}
