import {
  CandlestickSeries,
  createChartEx,
  createSeriesMarkers,
  HistogramSeries,
  type IChartApiBase,
  type IPriceLine,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  LineStyle,
  type SeriesMarker,
  type Time,
} from "lightweight-charts";
import { type BoardStyle, candleOptions, lookOptions, timeOptions } from "./boardOptions";
import type { Colours } from "./colours";
import { MarksPrimitive } from "./MarksPrimitive";
import type { Marks } from "./marks";
import { candleOf, volumeOf } from "./points";
import type { Slot } from "./slots";
import { isContinued, movedRange, type Range, scrolledRange } from "./view";
import { zoneScale } from "./zoneScale";

/** A line at a price, with what it is; dashed where it is not sure. */
export interface Level {
  readonly price: number;
  readonly title: string;
  readonly colour: string;
  readonly isDashed: boolean;
}

/** What a board tells: which places are seen, and at which the crosshair stands, null for none. */
export interface BoardListener {
  onSeen(range: Range): void;
  onPoint(at: number | null): void;
}

const FIRST_SEEN = 160;
const FEWEST_SEEN = 40;
const ROOM_RIGHT = 6;

/** The chart on its canvas. */
export class Board {
  private readonly chart: IChartApiBase<Time>;
  private readonly candles: ISeriesApi<"Candlestick", Time>;
  private readonly volumes: ISeriesApi<"Histogram", Time>;
  private readonly marks: MarksPrimitive;
  private readonly signals: ISeriesMarkersPluginApi<Time>;
  private lines: IPriceLine[] = [];
  private slots: readonly Slot[] = [];
  private isCurrent = true;

  constructor(
    element: HTMLElement,
    private readonly style: BoardStyle,
    private colours: Colours,
    listener: BoardListener,
  ) {
    const { timeScale, ...look } = lookOptions(colours);
    const times = timeOptions(style);
    this.chart = createChartEx(element, zoneScale(style.isDaily ? "UTC" : style.zone), {
      ...look,
      ...times,
      timeScale: { ...timeScale, ...times.timeScale },
    });
    this.candles = this.chart.addSeries(CandlestickSeries, candleOptions(colours, style.instrument));
    this.volumes = this.chart.addSeries(HistogramSeries, VOLUME);
    this.volumes.priceScale().applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    this.marks = new MarksPrimitive(colours);
    this.candles.attachPrimitive(this.marks);
    this.signals = createSeriesMarkers(this.candles, []);
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => range && listener.onSeen(range));
    this.chart.subscribeCrosshairMove(({ logical }) => listener.onPoint(logical ?? null));
  }

  /** Show these places; where they go on from those that are shown, only the last are drawn anew. */
  show(slots: readonly Slot[], marks: Marks, isCurrent: boolean): void {
    const before = this.slots;
    const range = this.chart.timeScale().getVisibleLogicalRange();
    this.slots = slots;
    // Whether the bars are current is seen in the colour of all that this page has made.
    const isSame = isContinued(before, slots) && isCurrent === this.isCurrent;
    this.isCurrent = isCurrent;
    if (isSame) for (const slot of slots.slice(before.length - 1)) this.redraw(slot);
    else this.drawAll();
    this.marks.show(marks);
    if (isSame || slots.length === 0) return;
    const wanted = range && before.length > 0 ? movedRange(range, before, slots) : null;
    this.chart.timeScale().setVisibleLogicalRange(wanted ?? newestRange(slots.length, FIRST_SEEN));
  }

  /** Draw in these colours. */
  recolour(colours: Colours): void {
    this.colours = colours;
    this.chart.applyOptions(lookOptions(colours));
    this.candles.applyOptions(candleOptions(colours, this.style.instrument));
    this.marks.recolour(colours);
    this.drawAll();
  }

  /** Draw these lines and no others. */
  drawLevels(levels: readonly Level[]): void {
    for (const line of this.lines) this.candles.removePriceLine(line);
    this.lines = levels.map(({ price, title, colour, isDashed }) =>
      this.candles.createPriceLine({
        price,
        title,
        color: colour,
        lineWidth: 1,
        lineStyle: isDashed ? LineStyle.Dashed : LineStyle.Solid,
        axisLabelColor: colour,
        axisLabelTextColor: this.colours.surface,
      }),
    );
  }

  /** Draw these signals and no others. */
  drawSignals(signals: SeriesMarker<Time>[]): void {
    this.signals.setMarkers(signals);
  }

  /** Move by so many screens, to the right where positive. */
  scroll(screens: number): void {
    this.change((range) => scrolledRange(range, screens, this.slots.length));
  }

  /** See so many times as many bars; the right edge stays. */
  zoom(by: number): void {
    this.change(({ from, to }) => ({ from: to - Math.min(Math.max((to - from) * by, 10), 3_000), to }));
  }

  /** Go to the newest bar. */
  toNewest(): void {
    this.change(({ from, to }) => newestRange(this.slots.length, to - from - ROOM_RIGHT));
  }

  remove(): void {
    this.chart.remove();
  }

  private drawAll(): void {
    this.candles.setData(this.slots.map((slot) => candleOf(slot, this.colours, this.isCurrent)));
    this.volumes.setData(this.slots.map((slot) => volumeOf(slot, this.colours)));
  }

  private redraw(slot: Slot): void {
    this.candles.update(candleOf(slot, this.colours, this.isCurrent));
    this.volumes.update(volumeOf(slot, this.colours));
  }

  private change(move: (range: Range) => Range): void {
    const range = this.chart.timeScale().getVisibleLogicalRange();
    if (range !== null) this.chart.timeScale().setVisibleLogicalRange(move(range));
  }
}

const VOLUME = {
  priceScaleId: "volume",
  priceFormat: { type: "volume" },
  lastValueVisible: false,
  priceLineVisible: false,
} as const;

function newestRange(count: number, seen: number): Range {
  return { from: count - Math.min(seen, Math.max(count, FEWEST_SEEN)), to: count - 1 + ROOM_RIGHT };
}
