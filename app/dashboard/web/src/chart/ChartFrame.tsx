import type { SeriesMarker, Time } from "lightweight-charts";
import type { Ref } from "react";
import { ApiProblem } from "../api/problems";
import { Empty, ErrorNote, Loading } from "../ui/states";
import type { Level } from "./Board";
import type { BoardStyle } from "./boardOptions";
import { CandleChart, type ChartHandle } from "./CandleChart";
import styles from "./ChartPage.module.css";
import type { Colours } from "./colours";
import type { Timeframe } from "./timeframes";
import type { Instrument, useChart } from "./useChart";
import type { Range } from "./view";

/** The chart, or why there is none. */
export function ChartFrame(props: {
  ref: Ref<ChartHandle | null>;
  chart: ReturnType<typeof useChart>;
  instrument: Instrument;
  timeframe: Timeframe;
  source: string | null;
  style: BoardStyle;
  colours: Colours;
  levels: readonly Level[];
  signals: readonly SeriesMarker<Time>[];
  onSeen: (range: Range) => void;
  onPoint: (at: number | null) => void;
}) {
  const { chart, instrument, timeframe } = props;
  const { first, problem } = chart.bars;
  const isNothing = problem instanceof ApiProblem && problem.status === 404;
  if (problem !== null && !isNothing) {
    return <Frame>{<ErrorNote error={problem} retry={() => void first.refetch()} />}</Frame>;
  }
  if (problem === null && first.isPending) {
    return <Frame>{<Loading what={`${timeframe} bars of ${instrument.symbol}`} />}</Frame>;
  }
  if (isNothing || chart.slots.every((slot) => slot.bar === null)) {
    return (
      <Frame>
        <Empty
          title={`No ${timeframe} bars of ${instrument.symbol}${props.source === null ? "" : ` from ${props.source}`} yet`}
        >
          {isNothing ? `${problem.message}. ` : ""}Bars are there once a source has delivered trades of it: put it on
          the watchlist and see under Operations that a collector runs.
        </Empty>
      </Frame>
    );
  }
  return (
    <Frame>
      <CandleChart
        ref={props.ref}
        label={`Candles and volume of ${instrument.symbol} ${instrument.name}, ${timeframe}; the table says the same in numbers`}
        style={props.style}
        colours={props.colours}
        slots={chart.slots}
        marks={chart.marks}
        isCurrent={chart.why === null}
        levels={props.levels}
        signals={props.signals}
        onSeen={props.onSeen}
        onPoint={props.onPoint}
      />
      {(chart.bars.older.isPending || chart.bars.newer.isPending) && (
        <p className={styles.loading} role="status">
          Loading {chart.bars.older.isPending ? "older" : "newer"} bars…
        </p>
      )}
    </Frame>
  );
}

function Frame({ children }: { children: React.ReactNode }) {
  return <div className={styles.frame}>{children}</div>;
}
