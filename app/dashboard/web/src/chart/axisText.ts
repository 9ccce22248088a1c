import { type Priced, priceText } from "../format/prices";

/** How much of a time the axis says at a place, by the greatest part of it that is new there. */
export type TickPart = "year" | "month" | "day" | "time";

/** Writes times of the axis, given in seconds. */
export interface TimeTexts {
  tick(seconds: number, part: TickPart): string;
  /** The whole time, for the crosshair; with the zone, which no trading day has. */
  whole(seconds: number): string;
  /** The date alone. */
  date(seconds: number): string;
}

/** The texts of a zone; of daily bars, which stand at midnight UTC of their trading day, only dates. */
export function timeTexts(zone: string, isDaily: boolean): TimeTexts {
  const format = (options: Intl.DateTimeFormatOptions) => {
    const made = new Intl.DateTimeFormat("en-US", { timeZone: isDaily ? "UTC" : zone, ...options });
    return (seconds: number) => made.format(new Date(seconds * 1_000));
  };
  const ticks: Record<TickPart, (seconds: number) => string> = {
    year: format({ year: "numeric" }),
    month: format({ month: "short" }),
    day: format({ month: "short", day: "numeric" }),
    time: format({ hour: "numeric", minute: "2-digit" }),
  };
  const date = { weekday: "short", month: "short", day: "numeric", year: "numeric" } as const;
  const time = { hour: "numeric", minute: "2-digit", timeZoneName: "short" } as const;
  return {
    tick: (seconds, part) => ticks[part](seconds),
    whole: format(isDaily ? date : { ...date, ...time }),
    date: format({ dateStyle: "medium" }),
  };
}

/** A number of the price axis as price text: the nearest tick, as exact as the tick is. */
export function axisPriceText(price: number, instrument: Priced): string {
  const tick = Number(instrument.tick_size);
  return priceText((Math.round(price / tick) * tick).toFixed(instrument.tick_decimals), instrument);
}

/** A reckoned price, such as a level: where it is no tick two more places are told, at most. */
export function levelText(price: number, instrument: Priced): string {
  const tick = Number(instrument.tick_size);
  const nearest = Math.round(price / tick) * tick;
  if (Math.abs(nearest - price) < tick * 1e-6) return axisPriceText(price, instrument);
  return priceText(price.toFixed(instrument.tick_decimals + 2), instrument);
}
