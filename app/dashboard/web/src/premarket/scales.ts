/** Turns numbers into places on a drawing. */
export type Scale = (value: number) => number;

/** A scale from a stretch of numbers to a stretch of a drawing; what is a single number lies in the middle. */
export function linear([low, high]: readonly [number, number], [from, to]: readonly [number, number]): Scale {
  const length = high - low;
  return (value) => (length === 0 ? (from + to) / 2 : from + ((value - low) / length) * (to - from));
}

/** The stretch of some numbers and of what must be in sight, with a little room around. */
export function extent(values: readonly number[], mustShow: readonly number[] = [], room = 0.08): [number, number] {
  const all = [...values, ...mustShow];
  if (all.length === 0) return [0, 1];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const around = (high - low || Math.abs(high) || 1) * room;
  return [low - around, high + around];
}

/** The path of a line through points; broken where a value is not known. */
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
