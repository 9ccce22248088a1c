/** What is to be known of an instrument to write its prices; sizes are decimal text. */
export interface Priced {
  readonly price_format: "D" | "32";
  readonly tick_size: string;
  readonly tick_decimals: number;
}

// The third digit of "3,32" is the thirty-second's first decimal, cut: 0.125, 0.25, 0.375 … 0.875.
const EIGHTHS = "01235678";
const EIGHTHS_PER_POINT = 256;
// What of a tick may be left by the arithmetic of floating-point numbers.
const NO_TICK = 1e-6;

/**
 * A price as traders of the instrument read it: decimals with the tick's places and a comma at thousands, 6,745.50; or
 * points and thirty-seconds, 118'16, with a digit for eighths where the tick is finer, 110'165. Nothing is rounded: a
 * price between eighths stays a decimal number, and one with more places than the tick keeps them. While the instrument
 * is not known it is written as it came.
 */
export function priceText(price: string, instrument: Priced | undefined): string {
  if (instrument?.price_format === "32") {
    const eighths = Math.abs(Number(price)) * EIGHTHS_PER_POINT;
    if (Number.isInteger(eighths)) return inThirtySeconds(instrument, eighths, price.startsWith("-"));
  }
  return decimalText(price, instrument?.tick_decimals ?? placesOf(price));
}

/** A change of price with its sign, as `priceText`; a true minus sign. */
export function changeText(change: string, instrument: Priced | undefined): string {
  const text = priceText(change.replace("-", ""), instrument);
  return Number(change) === 0 ? text : `${change.startsWith("-") ? "−" : "+"}${text}`;
}

/**
 * A price that was reckoned, at the nearest tick of its instrument and marked where that is not quite the price: ≈6,419.00.
 * While the instrument is not known it is written to a hundredth.
 */
export function reckonedPriceText(price: number, instrument: Priced | undefined): string {
  const size = instrument !== undefined && Number(instrument.tick_size) > 0 ? instrument.tick_size : "0.01";
  const exact = price / Number(size);
  const ticks = Math.round(exact);
  // The tick's own places, for a multiple of 1/128 has more than are shown.
  const text = priceText((ticks * Number(size)).toFixed(placesOf(size)), instrument);
  return Math.abs(exact - ticks) < NO_TICK ? text : `≈${text}`;
}

function placesOf(price: string): number {
  return price.split(".")[1]?.length ?? 0;
}

function decimalText(price: string, places: number): string {
  const [whole = "0", fraction = ""] = price.replace("-", "").split(".");
  const needed = fraction.replace(/0+$/, "").padEnd(places, "0");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${price.startsWith("-") ? "-" : ""}${grouped}${needed === "" ? "" : `.${needed}`}`;
}

function inThirtySeconds(instrument: Priced, eighths: number, isNegative: boolean): string {
  const points = Math.floor(eighths / EIGHTHS_PER_POINT);
  const rest = eighths % EIGHTHS_PER_POINT;
  const whole = String(Math.floor(rest / 8)).padStart(2, "0");
  const isCoarse = Number.isInteger(Number(instrument.tick_size) * 32);
  const digit = isCoarse && rest % 8 === 0 ? "" : EIGHTHS[rest % 8];
  return `${isNegative ? "-" : ""}${points}'${whole}${digit}`;
}
