import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useZone } from "../preferences/useZone";
import { Button } from "../ui/Button";
import { timeTexts } from "./axisText";
import { BarsTable } from "./BarsTable";
import type { ChartHandle } from "./CandleChart";
import { ChartFrame } from "./ChartFrame";
import styles from "./ChartPage.module.css";
import { ChartStanding } from "./ChartStanding";
import { useColours } from "./colours";
import { MarksLegend } from "./MarksLegend";
import { Readout } from "./Readout";
import { SidePanel } from "./SidePanel";
import { SourcePicker, TimeframeButtons } from "./Toolbar";
import { TIMEFRAMES, type Timeframe } from "./timeframes";
import { useAnalysisLines } from "./useAnalysisLines";
import { type Instrument, useChart } from "./useChart";
import { useKeys } from "./useKeys";
import type { Range } from "./view";

/** How many places from an edge of what is loaded more is asked for. */
const NEAR = 100;

/** What is shown beside the bars. */
export type Switches = Readonly<Record<"levels" | "signal" | "table", boolean>>;

/** The chart of an instrument with all that stands around it. */
export function ChartView(props: {
  instrument: Instrument;
  timeframe: Timeframe;
  wantedSource: string | null;
  picker: ReactNode;
  switches: Switches;
  onSwitch: (name: keyof Switches) => void;
  focusPicker: () => void;
  onTimeframe: (timeframe: Timeframe) => void;
  onSource: (source: string) => void;
}) {
  const { instrument, timeframe, onTimeframe, switches, onSwitch } = props;
  const chart = useChart(instrument, timeframe, props.wantedSource);
  const { window, slots, bars } = chart;
  const colours = useColours();
  const handle = useRef<ChartHandle>(null);
  const [point, setPoint] = useState<number | null>(null);
  const shown = useAnalysisLines(instrument.symbol, chart, colours, switches);
  const zone = useZone(instrument.market);
  const isDaily = timeframe === "1d";
  const texts = useMemo(() => timeTexts(zone, isDaily), [zone, isDaily]);
  const style = useMemo(() => ({ zone, isDaily, instrument }), [zone, isDaily, instrument]);
  const seen = useRef<Range | null>(null);
  const onSeen = useCallback(
    ({ from, to }: Range) => {
      seen.current = { from, to };
      if (window === undefined) return;
      const { older, newer } = bars;
      if (from < NEAR && window.previousEnd !== null && !older.isPending && !older.isError) older.mutate();
      else if (to > slots.length - NEAR && window.hasNewer && !newer.isPending && !newer.isError) newer.mutate();
    },
    [window, bars, slots.length],
  );
  // What came may not reach beyond the edge that is seen.
  useEffect(() => {
    if (seen.current !== null) onSeen(seen.current);
  }, [onSeen]);
  useKeys({
    scroll: (screens) => handle.current?.scroll(screens),
    zoom: (by) => handle.current?.zoom(by),
    newest: () => (window?.hasNewer ? bars.toPresent() : handle.current?.toNewest()),
    symbol: props.focusPicker,
    table: () => onSwitch("table"),
    timeframe: (number) => onTimeframe(TIMEFRAMES[number - 1] ?? timeframe),
  });
  return (
    <div className={styles.page}>
      <h1 className="visually-hidden">Chart of {instrument.symbol}</h1>
      <div className={styles.toolbar}>
        {props.picker}
        <TimeframeButtons timeframe={timeframe} onChoose={onTimeframe} />
        <SourcePicker
          source={window?.source ?? props.wantedSource}
          sources={window?.sources ?? []}
          onChoose={props.onSource}
        />
        <div className={styles.switches}>
          <Button pressed={switches.levels} onClick={() => onSwitch("levels")}>
            Levels
          </Button>
          <Button pressed={switches.signal} onClick={() => onSwitch("signal")}>
            Signal
          </Button>
          <Button pressed={switches.table} title="The bars as a table (t)" onClick={() => onSwitch("table")}>
            Table
          </Button>
          <Button
            title="Go to the newest bar (End)"
            onClick={() => (window?.hasNewer ? bars.toPresent() : handle.current?.toNewest())}
          >
            Newest
          </Button>
        </div>
      </div>
      <div className={styles.columns}>
        <section className={styles.chart} aria-label="Bars">
          <Readout
            slot={slots[point ?? -1] ?? slots.at(-1)}
            texts={texts}
            instrument={instrument}
            isCurrent={chart.why === null}
          />
          <ChartFrame
            ref={handle}
            chart={chart}
            instrument={instrument}
            timeframe={timeframe}
            source={window?.source ?? props.wantedSource}
            style={style}
            colours={colours}
            levels={shown.lines}
            signals={shown.markers}
            onSeen={onSeen}
            onPoint={setPoint}
          />
        </section>
        <aside className={styles.side}>
          <SidePanel switches={switches} shown={shown} instrument={instrument} />
          <MarksLegend />
        </aside>
        <ChartStanding chart={chart} timeframe={timeframe} zone={zone} texts={texts} onTimeframe={onTimeframe} />
      </div>
      {switches.table && <BarsTable slots={slots} texts={texts} instrument={instrument} timeframe={timeframe} />}
    </div>
  );
}
