import { countText, UNKNOWN } from "../format/numbers";
import { changeText, type Priced, priceText } from "../format/prices";
import { ageText } from "../format/times";
import type { Direction, Quote } from "../live/quotes";
import type { Field } from "./columns";
import { ageOf, FRESHNESS_WORDS, type Freshness, freshnessOf, type Reckoning } from "./freshness";

/** What a row shows: its texts, what decides its colours, and where the last price lies from low (0) to high (1). */
export interface RowView {
  readonly texts: Readonly<Record<Field, string>>;
  readonly state: Freshness;
  readonly sign: "up" | "down" | "none";
  /** Whether the quotes are made, not of a market now: SIMULATED or REPLAY. */
  readonly isMade: boolean;
  readonly differs: boolean;
  readonly place: number | null;
}

const ARROWS: Readonly<Record<Direction, string>> = { 1: "▲", 0: "", [-1]: "▼" };

/** What to show of a quote; what is not known is a dash. */
export function rowView(
  quote: Quote,
  direction: Direction,
  instrument: Priced | undefined,
  reckoning: Reckoning,
): RowView {
  const price = (value: string | null) => (value === null ? UNKNOWN : priceText(value, instrument));
  const size = (value: number | null) => (value === null ? "" : `×${countText(value)}`);
  const state = freshnessOf(quote, reckoning);
  return {
    texts: {
      contract: quote.contract ?? UNKNOWN,
      arrow: ARROWS[direction],
      last: price(quote.last),
      bid: price(quote.bid),
      bidSize: size(quote.bid_size),
      ask: price(quote.ask),
      askSize: size(quote.ask_size),
      change: quote.change === null ? UNKNOWN : changeText(quote.change, instrument),
      percent: percentOf(quote.change, quote.close),
      high: price(quote.high),
      low: price(quote.low),
      open: price(quote.open),
      close: price(quote.close),
      volume: countText(quote.volume),
      age: wholeAgeText(ageOf(quote, reckoning.now)),
      state: FRESHNESS_WORDS[state],
      source: quote.source ?? UNKNOWN,
      agreement: agreementText(quote),
    },
    state,
    sign: quote.change === null ? "none" : signOf(Number(quote.change)),
    isMade: isMade(quote.source),
    differs: quote.disagrees.length > 0,
    place: placeOf(quote),
  };
}

/** Whether a source's quotes are made or played back, so that nobody trades at them now. */
export function isMade(source: string | null): boolean {
  return source === "SIMULATED" || source === "REPLAY";
}

/** The change in percent of the close, with its sign; a dash where the close is no measure. */
export function percentOf(change: string | null, close: string | null): string {
  const base = Number(close);
  if (change === null || close === null || !(base > 0)) return UNKNOWN;
  const percent = (Number(change) / base) * 100;
  const text = Math.abs(percent).toFixed(2);
  return Number(text) === 0 ? text : `${percent < 0 ? "−" : "+"}${text}`;
}

/** Whether the live sources agree, in a few words. */
export function agreementText(quote: Quote): string {
  if (quote.disagrees.length > 0) return `${quote.disagrees.join(", ")} differs`;
  if (quote.sources.length === 0) return UNKNOWN;
  if (quote.sources.length === 1) return "one source";
  if (quote.sources.some((one) => one.agrees === false)) return "differ now";
  return quote.sources.some((one) => one.agrees === true) ? "agree" : "not compared";
}

/** An age in whole seconds, so that a busy row's stands still. */
export function wholeAgeText(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  if (Math.abs(ms) < 1_000) return "<1 s";
  if (Math.abs(ms) < 10_000) return `${ms < 0 ? "−" : ""}${Math.floor(Math.abs(ms) / 1_000)} s`;
  return ageText(ms);
}

function placeOf(quote: Quote): number | null {
  if (quote.last === null || quote.low === null || quote.high === null) return null;
  const [last, low, high] = [Number(quote.last), Number(quote.low), Number(quote.high)];
  return high > low ? Math.min(1, Math.max(0, (last - low) / (high - low))) : null;
}

function signOf(value: number): RowView["sign"] {
  return value > 0 ? "up" : value < 0 ? "down" : "none";
}
