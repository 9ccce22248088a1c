import type { Bar, Hole } from "./bars";
import { type Hours, hoursAt } from "./sessions";
import { LENGTH_MS, type Timeframe } from "./timeframes";
import { dateSeconds } from "./zones";

/** A place on the time axis: a bar, or a bucket that has none, and why. */
export interface Slot {
  /** Where it stands on the axis, in seconds; of a daily bar midnight UTC of its trading day. */
  readonly time: number;
  readonly open: number;
  readonly close: number;
  readonly bar: Bar | null;
  readonly hole: Hole["label"] | null;
  /** It stands for more than one bucket, of a session that has no bar at all. */
  readonly isDrawnShort: boolean;
  /** The bar is this page's reckoning, not yet the server's. */
  readonly isLive: boolean;
}

/** How many places a session without a single bar takes. */
export const SHORT_SLOTS = 12;

/** What is to be known to place bars on the axis. */
export interface Axis {
  readonly timeframe: Timeframe;
  /** The market's own zone, in which its trading days are dates. */
  readonly marketZone: string;
  readonly sessions: readonly Hours[];
}

/** Bars and holes in the order of time. Closed markets take no place; a session without any bar takes little. */
export function slotsOf(bars: readonly Bar[], holes: readonly Hole[], axis: Axis): Slot[] {
  const empty = holes.flatMap((hole) => slotsOfHole(hole, axis));
  const full = bars.map((bar) => slotOf(bar, axis, false));
  const all = [...empty, ...full].sort((a, b) => a.time - b.time || Number(a.bar !== null) - Number(b.bar !== null));
  // A place is taken once, by its bar where one answer has a hole and a later one a bar.
  return all.filter((slot, index) => slot.time !== all[index + 1]?.time);
}

/** The place of a bar; `isLive` where this page made it of the stream's events. */
export function slotOf(bar: Bar, axis: Axis, isLive: boolean): Slot {
  const open = Date.parse(bar.t_open);
  const close = Date.parse(bar.t_close);
  return { time: timeOf(open, close, axis), open, close, bar, hole: null, isDrawnShort: false, isLive };
}

function slotsOfHole(hole: Hole, axis: Axis): Slot[] {
  const from = Date.parse(hole.from);
  const to = Date.parse(hole.to);
  const hours = hoursAt(axis.sessions, from);
  const count = Math.ceil((to - from) / LENGTH_MS[axis.timeframe]);
  const isDrawnShort = count > SHORT_SLOTS && hours !== undefined && from <= hours.open && to >= hours.close;
  const length = isDrawnShort ? (to - from) / SHORT_SLOTS : LENGTH_MS[axis.timeframe];
  return Array.from({ length: isDrawnShort ? SHORT_SLOTS : count }, (_, index) => {
    const open = from + index * length;
    const close = Math.min(open + length, to);
    return { time: timeOf(open, close, axis), open, close, bar: null, hole: hole.label, isDrawnShort, isLive: false };
  });
}

function timeOf(open: number, close: number, axis: Axis): number {
  return axis.timeframe === "1d" ? dateSeconds(axis.marketZone, close / 1_000) : Math.floor(open / 1_000);
}
