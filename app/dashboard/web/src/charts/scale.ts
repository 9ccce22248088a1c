/** Where a value lies on a drawing. */
export type Scale = (value: number) => number;

/** A scale from the values `from` to the places `to`, both as [first, last]; one value alone lies in the middle. */
export function linear(from: readonly [number, number], to: readonly [number, number]): Scale {
  const span = from[1] - from[0];
  return (value) => to[0] + (span === 0 ? 0.5 : (value - from[0]) / span) * (to[1] - to[0]);
}

/** The least and the greatest of some values, with a part of their distance as room at both ends; null for none. */
export function extent(values: readonly number[], room = 0): [number, number] | null {
  if (values.length === 0) return null;
  const least = Math.min(...values);
  const greatest = Math.max(...values);
  const margin = (greatest - least) * room;
  return [least - margin, greatest + margin];
}

/** Round values within a range, about so many. */
export function ticks(from: number, to: number, count = 5): number[] {
  const span = to - from;
  if (!(span > 0)) return [from];
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough * 0.999) ?? 10 * power;
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  // From whole numbers, so that 0.3 is not 0.30000000000000004.
  return Array.from({ length: last - first + 1 }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}

/** The path of a line through values at the places 0, 1, 2 …; broken where one is not known. */
export function linePath(values: readonly (number | null)[], x: Scale, y: Scale): string {
  let isDrawing = false;
  return values
    .flatMap((value, place) => {
      if (value === null) {
        isDrawing = false;
        return [];
      }
      const move = isDrawing ? "L" : "M";
      isDrawing = true;
      return [`${move}${x(place).toFixed(1)} ${y(value).toFixed(1)}`];
    })
    .join("");
}
