import type { Ref } from "react";
import type { Shape } from "../api/client";
import { Button } from "../ui/Button";
import styles from "./Toolbar.module.css";
import { TIMEFRAMES, type Timeframe } from "./timeframes";

type Instrument = Shape<"InstrumentsAnswer.InstrumentAnswer">;

/** All instruments, those of the watchlist first and in its order. */
export function SymbolPicker(props: {
  ref: Ref<HTMLSelectElement>;
  symbol: string;
  watched: readonly string[];
  instruments: ReadonlyMap<string, Instrument>;
  onChoose: (symbol: string) => void;
}) {
  const { symbol, watched, instruments } = props;
  const others = [...instruments.keys()].filter((one) => !watched.includes(one)).sort();
  const option = (one: string) => (
    <option key={one} value={one}>
      {one} {instruments.get(one)?.name}
    </option>
  );
  return (
    <label className={styles.field}>
      <span className="visually-hidden">Symbol</span>
      <select
        ref={props.ref}
        value={symbol}
        onChange={(event) => props.onChoose(event.target.value)}
        title="Symbol (s)"
      >
        {!instruments.has(symbol) && <option value={symbol}>{symbol}</option>}
        <optgroup label="Watchlist">{watched.map(option)}</optgroup>
        <optgroup label="Other instruments">{others.map(option)}</optgroup>
      </select>
    </label>
  );
}

/** The timeframes, of which one is shown. */
export function TimeframeButtons(props: { timeframe: Timeframe; onChoose: (timeframe: Timeframe) => void }) {
  return (
    <fieldset className={styles.group}>
      <legend className="visually-hidden">Timeframe</legend>
      {TIMEFRAMES.map((one, at) => (
        <Button
          key={one}
          pressed={one === props.timeframe}
          title={`Bars of ${one} (${at + 1})`}
          onClick={() => props.onChoose(one)}
        >
          {one}
        </Button>
      ))}
    </fieldset>
  );
}

const SOURCES = ["SCHWAB", "EXCEL", "REPLAY", "SIMULATED"] as const;

/** Whose bars are shown, which are never mixed: those that have bars here, and the others, which may have some before. */
export function SourcePicker(props: {
  source: string | null;
  sources: readonly string[];
  onChoose: (source: string) => void;
}) {
  const { source, sources } = props;
  if (source === null) return null;
  const here = [...new Set([source, ...sources])].sort();
  const option = (one: string) => <option key={one}>{one}</option>;
  return (
    <label className={styles.field}>
      <span className="quiet">Source</span>
      <select value={source} onChange={(event) => props.onChoose(event.target.value)}>
        <optgroup label="With bars here">{here.map(option)}</optgroup>
        <optgroup label="Others, if they have any">{SOURCES.filter((one) => !here.includes(one)).map(option)}</optgroup>
      </select>
    </label>
  );
}
