import type { SeriesMarker, Time } from "lightweight-charts";
import { type Ref, useEffect, useImperativeHandle, useRef, useState } from "react";
import { Board, type Level } from "./Board";
import type { BoardStyle } from "./boardOptions";
import styles from "./CandleChart.module.css";
import type { Colours } from "./colours";
import type { Marks } from "./marks";
import type { Slot } from "./slots";
import type { Range } from "./view";

/** What can be done with the chart from outside. */
export type ChartHandle = Pick<Board, "scroll" | "zoom" | "toNewest">;

interface CandleChartProps {
  ref: Ref<ChartHandle | null>;
  label: string;
  style: BoardStyle;
  colours: Colours;
  slots: readonly Slot[];
  marks: Marks;
  isCurrent: boolean;
  levels: readonly Level[];
  signals: readonly SeriesMarker<Time>[];
  onSeen: (range: Range) => void;
  onPoint: (at: number | null) => void;
}

/** Candles and volume on a canvas. */
export function CandleChart(props: CandleChartProps) {
  const { style, colours, slots, marks, isCurrent, levels, signals } = props;
  const element = useRef<HTMLDivElement>(null);
  const [board, setBoard] = useState<Board | null>(null);
  const latest = useRef(props);
  latest.current = props;
  // A board is made anew where its axes are others; colours alone are changed.
  useEffect(() => {
    if (element.current === null) return;
    const made = new Board(element.current, style, latest.current.colours, {
      onSeen: (range) => latest.current.onSeen(range),
      onPoint: (at) => latest.current.onPoint(at),
    });
    setBoard(made);
    return () => {
      setBoard(null);
      made.remove();
    };
  }, [style]);
  useEffect(() => board?.recolour(colours), [board, colours]);
  useEffect(() => board?.show(slots, marks, isCurrent), [board, slots, marks, isCurrent]);
  useEffect(() => board?.drawLevels(levels), [board, levels]);
  useEffect(() => board?.drawSignals([...signals]), [board, signals]);
  useImperativeHandle<ChartHandle | null, ChartHandle | null>(props.ref, () => board, [board]);
  return <div ref={element} className={styles.canvas} role="img" aria-label={props.label} />;
}
