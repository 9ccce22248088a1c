import { memo, useLayoutEffect, useRef } from "react";
import { Link } from "wouter";
import { type Board, SPARK } from "./Board";
import type { QuoteColumn } from "./columns";
import styles from "./QuoteTable.module.css";

/** A symbol's row: drawn once, then painted by the board. */
export const QuoteTableRow = memo(function QuoteTableRow(props: {
  symbol: string;
  name: string;
  columns: readonly QuoteColumn[];
  board: Board;
  isSelected: boolean;
  isOpen: boolean;
  onSelect: (symbol: string) => void;
  onToggle: (symbol: string) => void;
}) {
  const { symbol, name, columns, board, isSelected, isOpen, onSelect, onToggle } = props;
  const ref = useRef<HTMLTableRowElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other columns are other cells to paint.
  useLayoutEffect(() => (ref.current ? board.attach(symbol, ref.current) : undefined), [board, symbol, columns]);
  return (
    <tr
      ref={ref}
      className={styles.row}
      data-symbol={symbol}
      data-selected={isSelected}
      onFocus={() => onSelect(symbol)}
    >
      {columns.map((column) => {
        if (column.key === "symbol") {
          return (
            <th key="symbol" scope="row" className={styles.symbol}>
              <Link href={`/chart/${encodeURIComponent(symbol)}`} title={name} tabIndex={isSelected ? 0 : -1}>
                {symbol}
              </Link>
              <button
                type="button"
                className={styles.flag}
                aria-label={`The sources of ${symbol} differ: show what each says`}
                aria-expanded={isOpen}
                tabIndex={isSelected ? 0 : -1}
                onClick={() => onToggle(symbol)}
              >
                ≠
              </button>
            </th>
          );
        }
        return (
          <td key={column.key} className={column.isNumber ? styles.number : undefined}>
            <Cell column={column} symbol={symbol} isSelected={isSelected} isOpen={isOpen} onToggle={onToggle} />
          </td>
        );
      })}
    </tr>
  );
});

function Cell(props: {
  column: QuoteColumn;
  symbol: string;
  isSelected: boolean;
  isOpen: boolean;
  onToggle: (symbol: string) => void;
}) {
  const { column, symbol, isSelected, isOpen, onToggle } = props;
  if (column.key === "spark") return <Spark />;
  if (column.key === "range") return <Bar />;
  if (column.key === "agreement") {
    return (
      <button
        type="button"
        className={styles.agreement}
        aria-expanded={isOpen}
        aria-label={`What each source says of ${symbol}`}
        tabIndex={isSelected ? 0 : -1}
        onClick={() => onToggle(symbol)}
      >
        <span data-field="agreement" />
      </button>
    );
  }
  return (
    <span className={`${styles.cell} ${styles[`is-${column.key}`] ?? ""}`}>
      {column.fields.map((field) => (
        <span key={field} data-field={field} className={styles[field]} />
      ))}
    </span>
  );
}

function Spark() {
  return (
    <svg className={styles.spark} viewBox={`0 0 ${SPARK.width} ${SPARK.height}`} preserveAspectRatio="none" role="img">
      <title>No prices of this session yet</title>
      <polyline data-spark="" points="" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

function Bar() {
  return (
    <span className={styles.bar} data-bar="none" aria-hidden="true">
      <span data-marker="" className={styles.marker} />
    </span>
  );
}
