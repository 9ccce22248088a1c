import {
  defaultHorzScaleBehavior,
  type IHorzScaleBehavior,
  type Mutable,
  type TickMarkWeightValue,
  type Time,
  type TimeScalePoint,
} from "lightweight-charts";
import { offsetsOf } from "./zones";

// The library's own weights of tick marks, which decide what is labelled where there is little room.
const WEIGHTS: readonly (readonly [seconds: number, weight: number])[] = [
  [43_200, 33],
  [21_600, 32],
  [10_800, 31],
  [3_600, 30],
  [1_800, 22],
  [300, 21],
  [60, 20],
];

/** The weight of a tick mark at a time after another, both in seconds of local time. */
export function weightOf(local: number, before: number): number {
  const [a, b] = [new Date(local * 1_000), new Date(before * 1_000)];
  if (a.getUTCFullYear() !== b.getUTCFullYear()) return 70;
  if (a.getUTCMonth() !== b.getUTCMonth()) return 60;
  if (a.getUTCDate() !== b.getUTCDate()) return 50;
  return WEIGHTS.find(([seconds]) => Math.floor(local / seconds) !== Math.floor(before / seconds))?.[1] ?? 0;
}

/** A time axis in UTC whose days, months and hours begin where they do in a zone. */
export function zoneScale(zone: string): IHorzScaleBehavior<Time> {
  const offset = offsetsOf(zone);
  const localOf = (point: TimeScalePoint) => {
    const seconds = Number(point.originalTime);
    return seconds + offset(seconds);
  };
  class ZoneScale extends defaultHorzScaleBehavior() {
    override fillWeightsForPoints(points: readonly Mutable<TimeScalePoint>[], startIndex: number): void {
      for (const [index, point] of points.entries()) {
        if (index < startIndex) continue;
        const before = points[index - 1];
        const local = localOf(point);
        point.timeWeight = weightOf(local, before ? localOf(before) : local - 60) as TickMarkWeightValue;
      }
    }
  }
  return new ZoneScale();
}
