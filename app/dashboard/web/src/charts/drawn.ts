import type { PlotLine } from "./LinePlot";

// A value is often written the same in two ways; a third beside it, which lies on no tick, is not.
const BESIDE = 1 / 3;

/** What a plot draws, as text that changes when any of it does: its values, its colours, and how values are written. */
export function drawnText(
  props: {
    x: readonly number[];
    lines: readonly PlotLine[];
    zone: string;
    text: (value: number) => string;
  },
  theme: string,
): string {
  const first = props.lines.flatMap(({ values }) => values.find((value) => value !== null) ?? [])[0];
  const sample = first === undefined ? "" : props.text(first + BESIDE);
  return JSON.stringify([props.x, props.lines, props.zone, theme, sample]);
}
