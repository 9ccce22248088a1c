/** A point of a curve; null breaks it. */
export interface Point {
  readonly at: number;
  readonly value: number | null;
}

/**
 * The path of a curve in a box of this width and height, from the first point's time to the last's and from 0 to `top`;
 * it breaks where a value is not known. Empty for fewer than two points.
 */
export function pathOf(points: readonly Point[], top: number, width: number, height: number): string {
  const first = points[0]?.at ?? 0;
  const span = (points.at(-1)?.at ?? 0) - first;
  if (span <= 0 || top <= 0) return "";
  let isDrawing = false;
  return points
    .map(({ at, value }) => {
      if (value === null) {
        isDrawing = false;
        return "";
      }
      const x = (((at - first) / span) * width).toFixed(1);
      const y = (height - (Math.max(0, Math.min(value, top)) / top) * height).toFixed(1);
      const step = `${isDrawing ? "L" : "M"}${x} ${y}`;
      isDrawing = true;
      return step;
    })
    .join("");
}

/** The least round number that no value exceeds: 1, 2 or 5 with zeros, at least `least`. */
export function roundTop(values: readonly (number | null)[], least: number): number {
  const highest = Math.max(least, ...values.map((value) => value ?? 0));
  const power = 10 ** Math.floor(Math.log10(highest));
  return ([1, 2, 5, 10].find((step) => step * power >= highest) ?? 10) * power;
}
