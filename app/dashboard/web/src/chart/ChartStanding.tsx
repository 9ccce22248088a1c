import type { ReactNode } from "react";
import { countText } from "../format/numbers";
import { Badge } from "../ui/Badge";
import { Button } from "../ui/Button";
import type { TimeTexts } from "./axisText";
import { MOST_BARS } from "./barWindow";
import styles from "./ChartPage.module.css";
import { coarserThan, type Timeframe } from "./timeframes";
import type { useChart } from "./useChart";

/** Under the chart: how current it is, how far it reaches, what failed, whose software draws it. */
export function ChartStanding(props: {
  chart: ReturnType<typeof useChart>;
  timeframe: Timeframe;
  zone: string;
  texts: TimeTexts;
  onTimeframe: (timeframe: Timeframe) => void;
}) {
  const { window, bars, why, slots } = props.chart;
  const first = slots.find((slot) => slot.bar !== null);
  return (
    <footer className={styles.standing}>
      {window !== undefined && (
        <>
          <Currency why={why} hasNewer={window.hasNewer} toPresent={bars.toPresent} />
          <span>
            {countText(window.bars.length)} {window.bars.length === 1 ? "bar" : "bars"}
            {window.previousEnd === null &&
              first !== undefined &&
              ` since ${props.texts.date(first.time)}, none earlier`}
          </span>
          {window.bars.length >= MOST_BARS && <Full timeframe={props.timeframe} onTimeframe={props.onTimeframe} />}
          <Failed what="Older bars" mutation={bars.older} />
          <Failed what="Newer bars" mutation={bars.newer} />
          <Failed what="The newest bars" mutation={bars.tail} />
        </>
      )}
      <span className={styles.room} />
      <span title="The zone of all times of the chart">{props.zone}</span>
      <Attribution />
    </footer>
  );
}

function Currency({ why, hasNewer, toPresent }: { why: string | null; hasNewer: boolean; toPresent: () => void }) {
  if (hasNewer) {
    return (
      <>
        <Badge tone="info">past</Badge>
        <span>newer bars were put aside</span>
        <Button kind="bare" onClick={toPresent}>
          To the newest
        </Button>
      </>
    );
  }
  if (why === null) return <Badge tone="ok">live</Badge>;
  return (
    <span>
      <Badge tone="warn">last bar not current</Badge> {why}
    </span>
  );
}

function Full({ timeframe, onTimeframe }: { timeframe: Timeframe; onTimeframe: (timeframe: Timeframe) => void }) {
  const coarser = coarserThan(timeframe);
  return (
    <span>
      {countText(MOST_BARS)} are kept at once, those of the far side are dropped.
      {coarser !== null && (
        <Button kind="bare" onClick={() => onTimeframe(coarser)}>
          See more time with {coarser}
        </Button>
      )}
    </span>
  );
}

function Failed({
  what,
  mutation,
}: {
  what: string;
  mutation: { error: Error | null; mutate: () => void };
}): ReactNode {
  if (mutation.error === null) return null;
  return (
    <span role="alert">
      <Badge tone="bad">failed</Badge> {what}: {mutation.error.message}
      <Button kind="bare" onClick={() => mutation.mutate()}>
        Try again
      </Button>
    </span>
  );
}

function Attribution() {
  return (
    <span>
      TradingView Lightweight Charts™ Copyright © 2026 TradingView, Inc.{" "}
      <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
        www.tradingview.com
      </a>
    </span>
  );
}
