/** Seconds by which a zone is ahead of UTC at an instant, in seconds since the epoch. */
export type Offset = (seconds: number) => number;

// No zone changes its offset within a quarter of an hour of UTC.
const QUARTER_S = 900;
const made = new Map<string, Offset>();

/** The offsets of a zone; each is reckoned once. */
export function offsetsOf(zone: string): Offset {
  const known = made.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  const offsets = new Map<number, number>();
  const offset = (seconds: number): number => {
    const quarter = Math.floor(seconds / QUARTER_S);
    const found = offsets.get(quarter) ?? localSeconds(format, quarter * QUARTER_S) - quarter * QUARTER_S;
    offsets.set(quarter, found);
    return found;
  };
  made.set(zone, offset);
  return offset;
}

/** Midnight UTC, in seconds, of the date that a zone has at an instant. */
export function dateSeconds(zone: string, seconds: number): number {
  return Math.floor((seconds + offsetsOf(zone)(seconds)) / 86_400) * 86_400;
}

function localSeconds(format: Intl.DateTimeFormat, seconds: number): number {
  const found: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of format.formatToParts(seconds * 1_000)) found[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = found;
  return Date.UTC(year, month - 1, day, hour, minute) / 1_000;
}
