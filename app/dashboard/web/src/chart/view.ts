import type { Slot } from "./slots";

/** A stretch of the axis by places, which may reach beyond the first and the last. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Whether places go on from those before, so that all before the last of them are the same. */
export function isContinued(before: readonly Slot[], slots: readonly Slot[]): boolean {
  if (before.length < 2 || slots.length < before.length) return false;
  const last = before.length - 1;
  return (
    isSamePlace(before[0], slots[0]) &&
    isSamePlace(before[last - 1], slots[last - 1]) &&
    before[last]?.time === slots[last]?.time
  );
}

// A place is made anew more often than what stands there.
function isSamePlace(a: Slot | undefined, b: Slot | undefined): boolean {
  return a === b || (a != null && a.bar !== null && a.bar === b?.bar && a.time === b.time);
}

/** The range of new places in which the same times are seen as before; where the newest were seen, the newest are. */
export function movedRange(range: Range, before: readonly Slot[], slots: readonly Slot[]): Range | null {
  const [wasLast, isLast] = [before.at(-1), slots.at(-1)];
  if (wasLast === undefined || isLast === undefined) return null;
  if (range.to >= before.length - 1 && isLast.time >= wasLast.time) {
    const by = slots.length - before.length;
    return { from: range.from + by, to: range.to + by };
  }
  const at = Math.min(Math.max(Math.round(range.from), 0), before.length - 1);
  const by = placeOf(slots, before[at]?.time ?? 0) - at;
  return { from: range.from + by, to: range.to + by };
}

/** The range so many screens further right, so far that half of it still has places of so many. */
export function scrolledRange(range: Range, screens: number, count: number): Range {
  const seen = range.to - range.from;
  const from = Math.min(Math.max(range.from + seen * screens, -seen / 2), count - seen / 2);
  return { from, to: from + seen };
}

/** The first place at or after a time in seconds, by bisection; the number of places when all are before. */
export function placeOf(slots: readonly Slot[], time: number): number {
  let low = 0;
  let high = slots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((slots[middle]?.time ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
