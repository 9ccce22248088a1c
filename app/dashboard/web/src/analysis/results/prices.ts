import { type Priced, priceText } from "../../format/prices";

/** A computed price as traders of the instrument read it, at its nearest tick; without an instrument to two decimals. */
export function nearestPriceText(value: number, instrument: Priced | undefined): string {
  const tick = Number(instrument?.tick_size);
  if (!(tick > 0)) return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
  // The tick's own decimals, for a multiple of 1/128 has more than the format shows.
  const places = instrument?.tick_size.split(".")[1]?.length ?? 0;
  return priceText((Math.round(value / tick) * tick).toFixed(places), instrument);
}
