import type { ReactNode } from "react";
import styles from "./HeatMap.module.css";

/** A cell: the number that its colour stands for, from -1 to 1, null where it is not known, and what stands in it. */
export interface HeatCell {
  readonly value: number | null;
  readonly text: ReactNode;
  readonly title: string;
}

// Text keeps its contrast on the strongest colour.
const STRONGEST = 45;

/** A table of numbers from -1 to 1 whose cells are coloured by them: one hue above zero, another below. */
export function HeatMap({
  caption,
  names,
  cell,
}: {
  caption: string;
  names: readonly string[];
  cell: (row: string, column: string) => HeatCell;
}) {
  return (
    <div className={styles.scroll}>
      <table className={styles.table}>
        <caption>{caption}</caption>
        <thead>
          <tr>
            <td />
            {names.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {names.map((row) => (
            <tr key={row}>
              <th scope="row">{row}</th>
              {names.map((column) => (
                <Cell key={column} {...cell(row, column)} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ value, text, title }: HeatCell) {
  if (value === null) {
    return (
      <td className={styles.missing} title={title}>
        {text}
      </td>
    );
  }
  const share = Math.round(Math.min(Math.abs(value), 1) * STRONGEST);
  const hue = value < 0 ? "var(--series-2)" : "var(--series-1)";
  return (
    <td style={{ background: `color-mix(in srgb, ${hue} ${share}%, var(--surface-1))` }} title={title}>
      {text}
    </td>
  );
}
