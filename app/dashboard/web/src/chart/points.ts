import type { CandlestickData, HistogramData, UTCTimestamp, WhitespaceData } from "lightweight-charts";
import { type Colours, faded } from "./colours";
import type { Slot } from "./slots";

/** A place as a candle: hollow where it rose, full where it fell, grey where it is not current; nothing in a hole. */
export function candleOf(slot: Slot, colours: Colours, isCurrent: boolean): CandlestickData | WhitespaceData {
  const time = slot.time as UTCTimestamp;
  if (slot.bar === null) return { time };
  const { open, high, low, close } = slot.bar;
  const candle = { time, open: Number(open), high: Number(high), low: Number(low), close: Number(close) };
  if (isCurrent || !slot.isLive) return candle;
  return { ...candle, color: faded(colours.quiet, 0.4), borderColor: colours.quiet, wickColor: colours.quiet };
}

/** A place's volume; nothing where the source does not tell it. */
export function volumeOf(slot: Slot, colours: Colours): HistogramData | WhitespaceData {
  const time = slot.time as UTCTimestamp;
  if (slot.bar?.volume == null) return { time };
  const rose = Number(slot.bar.close) >= Number(slot.bar.open);
  return { time, value: slot.bar.volume, color: faded(rose ? colours.up : colours.down, 0.45) };
}
