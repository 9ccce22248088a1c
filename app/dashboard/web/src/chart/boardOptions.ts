import {
  type CandlestickSeriesPartialOptions,
  type ChartOptions,
  CrosshairMode,
  type DeepPartial,
  TickMarkType,
  type Time,
} from "lightweight-charts";
import type { Priced } from "../format/prices";
import { axisPriceText, type TickPart, timeTexts } from "./axisText";
import { type Colours, faded } from "./colours";

/** What a board shows its bars by. */
export interface BoardStyle {
  readonly zone: string;
  readonly isDaily: boolean;
  readonly instrument: Priced;
}

const PARTS: Readonly<Record<TickMarkType, TickPart>> = {
  [TickMarkType.Year]: "year",
  [TickMarkType.Month]: "month",
  [TickMarkType.DayOfMonth]: "day",
  [TickMarkType.Time]: "time",
  [TickMarkType.TimeWithSeconds]: "time",
};

/** How times are told. */
export function timeOptions(style: BoardStyle): DeepPartial<ChartOptions> {
  const texts = timeTexts(style.zone, style.isDaily);
  return {
    localization: { locale: "en-US", timeFormatter: (time: Time) => texts.whole(Number(time)) },
    timeScale: {
      timeVisible: !style.isDaily,
      secondsVisible: false,
      rightOffset: 6,
      minBarSpacing: 0.8,
      tickMarkFormatter: (time: Time, type: TickMarkType) => texts.tick(Number(time), PARTS[type]),
    },
  };
}

/** The colours, and what never changes. The library's own logo would bring a <style> with it, which the page forbids. */
export function lookOptions(colours: Colours): DeepPartial<ChartOptions> {
  const label = { color: colours.line, labelBackgroundColor: colours.line };
  return {
    autoSize: true,
    layout: {
      attributionLogo: false,
      background: { color: colours.surface },
      textColor: colours.text,
      fontFamily: colours.font,
      fontSize: 11,
    },
    grid: { vertLines: { color: colours.grid }, horzLines: { color: colours.grid } },
    crosshair: { mode: CrosshairMode.Normal, vertLine: label, horzLine: label },
    rightPriceScale: { borderColor: colours.line, scaleMargins: { top: 0.08, bottom: 0.22 } },
    timeScale: { borderColor: colours.line },
  };
}

/** Candles: hollow up, full down. */
export function candleOptions(colours: Colours, instrument: Priced): CandlestickSeriesPartialOptions {
  return {
    upColor: faded(colours.surface, 0),
    downColor: colours.down,
    borderUpColor: colours.up,
    borderDownColor: colours.down,
    wickUpColor: colours.up,
    wickDownColor: colours.down,
    lastValueVisible: false,
    priceLineVisible: false,
    priceFormat: {
      type: "custom",
      minMove: Number(instrument.tick_size),
      formatter: (price: number) => axisPriceText(price, instrument),
    },
  };
}
