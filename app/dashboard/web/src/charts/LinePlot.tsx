import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { instantText } from "../format/times";
import { drawnText } from "./drawn";
import styles from "./LinePlot.module.css";
import { colourOf, useShownTheme } from "./palette";
import { useWidth } from "./useWidth";

/** A line of a plot; `null` is a gap. */
export interface PlotLine {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** The token of its colour, such as series-1. */
  readonly colour: string;
  /** A broken line at one height, which its label tells. */
  readonly isLevel?: boolean;
}

interface LinePlotProps {
  /** What the plot shows, for those who do not see it. */
  title: string;
  /** Instants in seconds since the epoch, rising; or plain places where `xText` writes them. */
  x: readonly number[];
  lines: readonly PlotLine[];
  zone: string;
  height?: number;
  text: (value: number) => string;
  xText?: (value: number) => string;
}

/** Lines over time; pointed at, the values there are told below. */
export function LinePlot(props: LinePlotProps) {
  const [ref, width] = useWidth<HTMLElement>();
  const theme = useShownTheme();
  const holder = useRef<HTMLDivElement>(null);
  const shown = useRef({ props, width });
  shown.current = { props, width };
  const key = drawnText(props, theme);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a plot is made anew when what it draws changes.
  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const made = plotIn(element, shown.current.props, shown.current.width);
    return () => made?.destroy();
  }, [key, width]);
  return (
    <figure ref={ref} className={styles.figure}>
      <div ref={holder} role="img" aria-label={props.title} />
      {props.xText === undefined && <figcaption className="quiet">Times in {props.zone}</figcaption>}
    </figure>
  );
}

function plotIn(element: HTMLElement, props: LinePlotProps, width: number): uPlot | null {
  // Without a canvas, as where tests run, there is the text alone.
  if (document.createElement("canvas").getContext?.("2d") == null) return null;
  const { x, lines, zone, text, xText, height = 240 } = props;
  const axis = { stroke: colourOf("text-3"), font: "11px ui-monospace, monospace", ticks: { show: false } };
  const grid = { stroke: colourOf("chart-grid"), width: 1 };
  const options: uPlot.Options = {
    width,
    height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
    scales: { x: { time: xText === undefined } },
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    axes: [
      { ...axis, grid: { show: false }, ...(xText && { values: (_: uPlot, at: number[]) => at.map(xText) }) },
      { ...axis, grid, size: 68, values: (_, at) => at.map(text) },
    ],
    series: [
      { label: "at", value: (_, at) => (at == null ? "–" : xText ? xText(at) : instantText(at * 1_000, zone)) },
      ...lines.map((line) => ({
        label: line.label,
        stroke: colourOf(line.colour),
        width: 1.5,
        points: { show: false },
        ...(line.isLevel && { dash: [4, 4] }),
        // A level is the same everywhere; its name has it.
        value: (_: uPlot, value: number | null) => (line.isLevel ? "" : value == null ? "–" : text(value)),
      })),
    ],
  };
  return new uPlot(options, [[...x], ...lines.map((line) => [...line.values])], element);
}
