import type { Hole } from "./bars";
import { type Hours, hoursAt } from "./sessions";
import type { Slot } from "./slots";

/** Places from `from` to `to`, both included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What is drawn behind the bars, by their places. */
export interface Marks {
  readonly overnight: readonly Span[];
  /** Where a session begins, with its trading day. */
  readonly opens: readonly { readonly at: number; readonly day: string }[];
  readonly holes: readonly (Span & { readonly label: Hole["label"] })[];
  /** Bars in whose time the source was not always alive. */
  readonly partial: readonly number[];
}

/** The marks of places; without sessions only those of holes and coverage. Daily bars hold both kinds of hours. */
export function marksOf(slots: readonly Slot[], sessions: readonly Hours[], isDaily: boolean): Marks {
  const hours = isDaily ? [] : slots.map((slot) => hoursAt(sessions, slot.open));
  return {
    overnight: spansOf(hours.map((one, at) => (one !== undefined && isOvernight(slots[at], one) ? "overnight" : null))),
    opens: hours.flatMap((one, at) =>
      one !== undefined && one !== hours[at - 1] && at > 0 ? [{ at, day: one.day }] : [],
    ),
    holes: spansOf(slots.map((slot) => slot.hole)),
    partial: slots.flatMap((slot, at) => (isPartial(slot) ? [at] : [])),
  };
}

/** Whether the source was away for a part of a bar's time. */
export function isPartial(slot: Slot): boolean {
  return slot.bar !== null && !slot.isLive && slot.bar.coverage !== null && slot.bar.coverage < 1;
}

function isOvernight(slot: Slot | undefined, hours: Hours): boolean {
  if (slot === undefined || hours.rth === null) return slot !== undefined;
  const middle = (slot.open + slot.close) / 2;
  return middle < hours.rth.open || middle >= hours.rth.close;
}

function spansOf<Label>(labels: readonly (Label | null)[]): (Span & { label: Label })[] {
  const spans: { from: number; to: number; label: Label }[] = [];
  for (const [at, label] of labels.entries()) {
    if (label === null) continue;
    const before = spans.at(-1);
    if (before !== undefined && before.label === label && before.to === at - 1) before.to = at;
    else spans.push({ from: at, to: at, label });
  }
  return spans;
}
