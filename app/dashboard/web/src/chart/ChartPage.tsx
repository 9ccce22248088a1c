import { useRef, useState } from "react";
import { Redirect, useLocation, useParams, useSearchParams } from "wouter";
import { useInstruments } from "../api/installation";
import { useQuoteSymbols } from "../live/LiveQuotes";
import { Empty, QueryView } from "../ui/states";
import styles from "./ChartPage.module.css";
import { ChartView, type Switches } from "./ChartView";
import { SymbolPicker } from "./Toolbar";
import { timeframeOf } from "./timeframes";

/** The page Chart: the address names the symbol, its query the timeframe and the source. */
export default function ChartPage() {
  const { symbol } = useParams<{ symbol?: string }>();
  const [, goTo] = useLocation();
  const [search, setSearch] = useSearchParams();
  const instruments = useInstruments();
  const live = useQuoteSymbols();
  const [switches, setSwitches] = useState<Switches>({ levels: true, signal: true, table: false });
  const picker = useRef<HTMLSelectElement>(null);
  const ask = (name: string, value: string | null) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        if (value === null) after.delete(name);
        else after.set(name, value);
        return after;
      },
      { replace: true },
    );
  const timeframe = timeframeOf(search.get("timeframe"));
  return (
    <QueryView query={instruments} what="instruments">
      {(known) => {
        const watched = live.length > 0 ? live : watchedOf([...known.values()]);
        const first = watched[0] ?? known.keys().next().value;
        const named = symbol === undefined ? undefined : nameOf(symbol);
        if (named === undefined) {
          return first === undefined ? (
            <Empty title="No instruments are known" />
          ) : (
            <Redirect to={`/chart/${first}`} replace />
          );
        }
        const pick = (
          <SymbolPicker
            ref={picker}
            symbol={named}
            watched={watched}
            instruments={known}
            onChoose={(one) => goTo(`/chart/${encodeURIComponent(one)}?timeframe=${timeframe}`)}
          />
        );
        const instrument = known.get(named);
        return instrument === undefined ? (
          <div className={styles.page}>
            <h1 className="visually-hidden">Chart</h1>
            <div className={styles.toolbar}>{pick}</div>
            <Empty title={`There is no instrument ${named}`}>Choose one of the list above.</Empty>
          </div>
        ) : (
          <ChartView
            key={`${named} ${timeframe} ${search.get("source")}`}
            instrument={instrument}
            timeframe={timeframe}
            wantedSource={search.get("source")}
            picker={pick}
            switches={switches}
            onSwitch={(name) => setSwitches((before) => ({ ...before, [name]: !before[name] }))}
            focusPicker={() => picker.current?.focus()}
            onTimeframe={(one) => ask("timeframe", one)}
            onSource={(one) => ask("source", one)}
          />
        );
      }}
    </QueryView>
  );
}

// The router has decoded what it could; a slash within a name it leaves.
function nameOf(segment: string): string {
  try {
    return decodeURIComponent(segment).toUpperCase();
  } catch {
    return segment.toUpperCase();
  }
}

function watchedOf(instruments: readonly { symbol: string; watch_position: number | null }[]): readonly string[] {
  return instruments
    .filter((one) => one.watch_position !== null)
    .sort((a, b) => (a.watch_position ?? 0) - (b.watch_position ?? 0))
    .map((one) => one.symbol);
}
