import { useState } from "react";
import { dayText } from "../../format/times";
import { useGridKeys } from "../parts/useGridKeys";
import { type Cell, cellFigure, cellText, type Grid, STATES } from "./grid";
import styles from "./lake.module.css";

/** Days by symbols; the line above tells of the cell that is pointed at or has the keyboard. */
export function LakeGrid({
  grid,
  selected,
  onSelect,
}: {
  grid: Grid;
  selected: string;
  onSelect: (cell: Cell) => void;
}) {
  const [shown, setShown] = useState<Cell | null>(null);
  const { grid: keys, cell } = useGridKeys({ row: grid.days.length, column: grid.symbols.length });
  let isFirst = true;
  const props = (one: Cell, row: number, column: number) => {
    const reached = cell({ row, column }, isFirst);
    isFirst = false;
    const onFocus = () => {
      reached.onFocus();
      setShown(one);
    };
    return { ...reached, onFocus, onMouseEnter: () => setShown(one) };
  };
  return (
    <div className="stack">
      <p className={styles.shown}>
        {shown === null ? "Arrow keys go from cell to cell, Enter opens one." : cellText(shown)}
      </p>
      <div className={styles.scroll}>
        <table className={styles.grid} {...keys}>
          <caption className="visually-hidden">State of the lake by trading day and symbol</caption>
          <thead>
            <tr>
              <th scope="col">Trading day</th>
              {grid.symbols.map((symbol) => (
                <th key={symbol} scope="col">
                  {symbol}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {grid.days.map((day, row) => (
              <tr key={day}>
                <th scope="row">{dayText(day)}</th>
                {grid.symbols.map((symbol, column) => {
                  const one = grid.cellAt(day, symbol);
                  return (
                    <td key={symbol}>
                      {one && (
                        <button
                          type="button"
                          className={`${styles.cell} ${styles[STATES[one.state].tone]}`}
                          aria-pressed={selected === `${day}.${symbol}`}
                          aria-label={cellText(one)}
                          onClick={() => onSelect(one)}
                          {...props(one, row, column)}
                        >
                          <span>{STATES[one.state].mark}</span>
                          <span>{cellFigure(one)}</span>
                        </button>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Legend />
    </div>
  );
}

function Legend() {
  return (
    <ul className={styles.legend} aria-label="What the marks mean">
      {Object.entries(STATES).map(([state, { mark, tone, meaning }]) => (
        <li key={state}>
          <span className={styles[tone]}>{mark}</span> <b>{state}</b> {meaning}
        </li>
      ))}
      <li>
        <b>empty</b> nothing is stored of it
      </li>
    </ul>
  );
}
