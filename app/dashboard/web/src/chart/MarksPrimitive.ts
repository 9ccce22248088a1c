import type {
  IChartApiBase,
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  Logical,
  SeriesAttachedParameter,
  Time,
} from "lightweight-charts";
import { shortDayText } from "../format/times";
import { type Colours, faded } from "./colours";
import type { Marks, Span } from "./marks";

type Target = Parameters<IPrimitivePaneRenderer["draw"]>[0];
type Context = CanvasRenderingContext2D;

interface Box {
  readonly left: number;
  readonly width: number;
}

const NO_MARKS: Marks = { overnight: [], opens: [], holes: [], partial: [] };
const HATCH_PX = 8;
const FOOT_PX = 5;

/** Draws behind the bars which hours are which, where sessions begin, and where there is no bar, and why. */
export class MarksPrimitive implements ISeriesPrimitive<Time> {
  private chart: IChartApiBase<Time> | null = null;
  private requestUpdate: (() => void) | null = null;
  private marks = NO_MARKS;
  private readonly views: readonly IPrimitivePaneView[] = [
    { zOrder: () => "bottom", renderer: () => ({ draw: (target) => this.draw(target) }) },
  ];

  constructor(private colours: Colours) {}

  attached({ chart, requestUpdate }: SeriesAttachedParameter<Time>): void {
    this.chart = chart;
    this.requestUpdate = requestUpdate;
  }

  detached(): void {
    this.chart = null;
    this.requestUpdate = null;
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.views;
  }

  /** Draw these from now on. */
  show(marks: Marks): void {
    this.marks = marks;
    this.requestUpdate?.();
  }

  /** Draw in these colours from now on. */
  recolour(colours: Colours): void {
    this.colours = colours;
    this.requestUpdate?.();
  }

  private draw(target: Target): void {
    // biome-ignore lint/correctness/useHookAtTopLevel: it is the library's, no hook.
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      const seen = this.seen();
      if (seen === null) return;
      const height = mediaSize.height;
      for (const span of this.marks.overnight) this.fill(context, this.boxOf(span, seen), height);
      for (const hole of this.marks.holes) {
        const box = this.boxOf(hole, seen);
        if (box === null) continue;
        if (hole.label === "quiet") this.dots(context, box, height);
        else this.hatch(context, box, height, hole.label === "no_feed");
      }
      for (const { at, day } of this.marks.opens)
        this.begin(context, this.boxOf({ from: at, to: at }, seen), day, height);
      for (const at of this.marks.partial) this.foot(context, this.boxOf({ from: at, to: at }, seen), height);
    });
  }

  private seen(): Span | null {
    const range = this.chart?.timeScale().getVisibleLogicalRange();
    return range ? { from: Math.floor(range.from) - 1, to: Math.ceil(range.to) + 1 } : null;
  }

  private boxOf(span: Span, seen: Span): Box | null {
    const scale = this.chart?.timeScale();
    if (scale === undefined || span.to < seen.from || span.from > seen.to) return null;
    const left = scale.logicalToCoordinate(Math.max(span.from, seen.from) as Logical);
    const right = scale.logicalToCoordinate(Math.min(span.to, seen.to) as Logical);
    if (left === null || right === null) return null;
    const half = scale.options().barSpacing / 2;
    return { left: left - half, width: right - left + 2 * half };
  }

  private fill(context: Context, box: Box | null, height: number): void {
    if (box === null) return;
    context.fillStyle = faded(this.colours.line, 0.14);
    context.fillRect(box.left, 0, box.width, height);
  }

  private dots(context: Context, box: Box, height: number): void {
    context.fillStyle = faded(this.colours.quiet, 0.8);
    for (let x = box.left + 2; x < box.left + box.width - 1; x += 4) context.fillRect(x, height - 3, 1.5, 1.5);
  }

  private hatch(context: Context, box: Box, height: number, isNoFeed: boolean): void {
    context.save();
    context.beginPath();
    context.rect(box.left, 0, box.width, height);
    context.clip();
    context.strokeStyle = isNoFeed ? faded(this.colours.warn, 0.32) : faded(this.colours.quiet, 0.32);
    context.setLineDash(isNoFeed ? [] : [2, 4]);
    context.beginPath();
    // Counted from the pane's edge, so that bands that touch have one pattern.
    const first = Math.floor((box.left - height) / HATCH_PX) * HATCH_PX;
    for (let x = first; x < box.left + box.width; x += HATCH_PX) {
      context.moveTo(x, height);
      context.lineTo(x + height, 0);
    }
    context.stroke();
    context.restore();
  }

  private begin(context: Context, box: Box | null, day: string, height: number): void {
    if (box === null) return;
    const x = Math.round(box.left) + 0.5;
    context.strokeStyle = faded(this.colours.line, 0.8);
    context.setLineDash([4, 3]);
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, height);
    context.stroke();
    context.setLineDash([]);
    context.font = `11px ${this.colours.font}`;
    context.fillStyle = this.colours.surface;
    const text = shortDayText(day);
    context.fillRect(x + 1, height - 22, context.measureText(text).width + 6, 16);
    context.fillStyle = this.colours.quiet;
    context.fillText(text, x + 4, height - 10);
  }

  private foot(context: Context, box: Box | null, height: number): void {
    if (box === null) return;
    const middle = box.left + box.width / 2;
    const half = Math.min(3.5, Math.max(1.5, box.width / 2));
    context.fillStyle = this.colours.warn;
    context.beginPath();
    context.moveTo(middle - half, height);
    context.lineTo(middle + half, height);
    context.lineTo(middle, height - FOOT_PX);
    context.fill();
  }
}
