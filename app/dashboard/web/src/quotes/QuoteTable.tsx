import { type CSSProperties, Fragment, useCallback, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useInstruments } from "../api/installation";
import type { QuoteColumn } from "./columns";
import { selectedAfter } from "./keys";
import styles from "./QuoteTable.module.css";
import { QuoteTableRow } from "./QuoteTableRow";
import { SourceDetails } from "./SourceDetails";
import { useBoard } from "./useBoard";
import { useQuoteKeys } from "./useQuoteKeys";

/** The quotes of these symbols, a row each; one row is selected and can be moved by keys. */
export function QuoteTable(props: { symbols: readonly string[]; columns: readonly QuoteColumn[] }) {
  const { symbols, columns } = props;
  const board = useBoard();
  const instruments = useInstruments().data;
  const { selected, open, select, toggle, body } = useSelection(symbols);
  const width = columns.reduce((sum, one) => sum + one.width, 0);
  const tracks = columns.map((one) => `minmax(0, ${one.width}fr)`).join(" ");
  return (
    <div className={styles.scroll}>
      <table className={styles.table} style={{ minWidth: `${width}rem`, "--columns": tracks } as CSSProperties}>
        <caption className="visually-hidden">Quotes of the watchlist; arrow keys select a row</caption>
        <thead>
          <tr>
            {columns.map((one) => (
              <th key={one.key} scope="col" title={one.title} className={one.isNumber ? styles.numberHead : undefined}>
                {one.heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {symbols.map((symbol) => (
            <Fragment key={symbol}>
              <QuoteTableRow
                symbol={symbol}
                name={instruments?.get(symbol)?.name ?? symbol}
                columns={columns}
                board={board}
                isSelected={symbol === selected}
                isOpen={symbol === open}
                onSelect={select}
                onToggle={toggle}
              />
              {symbol === open && (
                <tr className={styles.opened}>
                  <td colSpan={columns.length}>
                    <SourceDetails symbol={symbol} instrument={instruments?.get(symbol)} />
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function useSelection(symbols: readonly string[]) {
  const [chosen, select] = useState<string | null>(null);
  const [open, setOpen] = useState<string | null>(null);
  const [, navigate] = useLocation();
  const body = useRef<HTMLTableSectionElement>(null);
  const isMoved = useRef(false);
  // The first row can be reached by Tab before any was selected.
  const selected = chosen !== null && symbols.includes(chosen) ? chosen : (symbols[0] ?? null);
  const toggle = useCallback((symbol: string) => setOpen((now) => (now === symbol ? null : symbol)), []);
  useEffect(() => {
    if (!isMoved.current || selected === null) return;
    isMoved.current = false;
    body.current?.querySelector<HTMLElement>(`[data-symbol="${CSS.escape(selected)}"] a`)?.focus();
  }, [selected]);
  useQuoteKeys((command) => {
    if (command === "filter" || command === "edit") return false;
    if (command === "details") selected !== null && toggle(selected);
    else if (command === "open") selected !== null && navigate(`/chart/${encodeURIComponent(selected)}`);
    else {
      const next = selectedAfter(command, symbols, chosen === null ? null : selected);
      isMoved.current = next !== selected;
      if (next === selected) body.current?.querySelector<HTMLElement>('[data-selected="true"] a')?.focus();
      select(next);
    }
    return true;
  });
  return { selected, open, select, toggle, body };
}
