import { useId, useRef, useState } from "react";
import { useInstruments } from "../api/installation";
import { useMay } from "../caller/Caller";
import { WhyNot } from "../caller/Restricted";
import { Button } from "../ui/Button";
import { ErrorNote } from "../ui/states";
import { AddInstrument } from "./AddInstrument";
import styles from "./WatchlistDialog.module.css";
import { moved } from "./watchlist";

/** The watched symbols in order, to be moved, removed and added to, and then saved all at once. */
export function WatchlistForm(props: {
  saved: readonly string[];
  error: Error | null;
  isSaving: boolean;
  onSave: (symbols: readonly string[]) => void;
  onCancel: () => void;
}) {
  const { saved, error, isSaving, onSave, onCancel } = props;
  const [symbols, setSymbols] = useState(saved);
  const instruments = useInstruments().data;
  const { may, reason } = useMay("operator");
  const list = useRef<HTMLOListElement>(null);
  const hint = useId();
  const isChanged = symbols.join() !== saved.join();
  const move = (at: number, step: -1 | 1) => setSymbols(moved(symbols, at, step));
  const remove = (at: number) => {
    setSymbols(symbols.filter((_, other) => other !== at));
    const neighbour = list.current?.children[at + 1] ?? list.current?.children[at - 1];
    neighbour?.querySelector<HTMLElement>("[data-row]")?.focus();
  };
  return (
    <div className="stack">
      <p id={hint} className="quiet">
        All pages follow this list, and collectors start again when what is watched changes; another order is nothing to
        them. On a row: Alt with ↑ or ↓ moves it, Delete removes it.
      </p>
      <div className={styles.columns}>
        <ol className={styles.list} ref={list} aria-label="Watched symbols">
          {symbols.map((symbol, at) => (
            <li key={symbol} className={styles.item}>
              {/* biome-ignore lint/a11y/useSemanticElements: a row that is moved and removed by keys, with buttons of its own. */}
              <span
                data-row=""
                className={styles.name}
                role="group"
                // biome-ignore lint/a11y/noNoninteractiveTabindex: its keys are described by the hint.
                tabIndex={0}
                aria-label={`${symbol}, ${at + 1} of ${symbols.length}`}
                aria-describedby={hint}
                onKeyDown={(event) => {
                  if (!may) return;
                  const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : null;
                  if (event.altKey && step !== null) move(at, step);
                  else if (event.key === "Delete") remove(at);
                  else return;
                  event.preventDefault();
                }}
              >
                <strong>{symbol}</strong> <span className="quiet">{instruments?.get(symbol)?.name}</span>
              </span>
              <Button
                kind="bare"
                aria-label={`Move ${symbol} up`}
                disabled={!may || at === 0}
                onClick={() => move(at, -1)}
              >
                ↑
              </Button>
              <Button
                kind="bare"
                aria-label={`Move ${symbol} down`}
                disabled={!may || at === symbols.length - 1}
                onClick={() => move(at, 1)}
              >
                ↓
              </Button>
              <Button kind="bare" aria-label={`Remove ${symbol}`} disabled={!may} onClick={() => remove(at)}>
                ✕
              </Button>
            </li>
          ))}
          {symbols.length === 0 && <li className="quiet">Nothing is watched.</li>}
        </ol>
        <AddInstrument symbols={symbols} onAdd={(symbol) => setSymbols([...symbols, symbol])} />
      </div>
      <WhyNot reason={reason} />
      {error !== null && <ErrorNote error={error} />}
      <div className="row">
        <Button kind="primary" disabled={!may || !isChanged || isSaving} onClick={() => onSave(symbols)}>
          {isSaving ? "Saving…" : "Save"}
        </Button>
        <Button disabled={isSaving} onClick={onCancel}>
          Cancel
        </Button>
      </div>
    </div>
  );
}
