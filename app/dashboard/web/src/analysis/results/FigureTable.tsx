import type { ReactNode } from "react";
import { countText } from "../../format/numbers";
import { Badge } from "../../ui/Badge";
import { statusText } from "../wording";
import styles from "./Block.module.css";
import { type Missing, nameOfLast, sorted } from "./blocks";
import { FigureValue } from "./FigureValue";
import type { Figure, PlacedFigure } from "./figures";
import { intervalText, pText } from "./measures";

interface FigureTableProps {
  caption: string;
  figures: readonly PlacedFigure[];
  /** What is drawn beside a figure, if anything. */
  drawing?: (figure: Figure) => ReactNode;
  nameOf?: (placed: PlacedFigure) => string;
}

/** Figures with their values, intervals and p; those without a value are told by their reason, once for each. */
export function FigureTable({ caption, figures, drawing, nameOf = nameOfLast }: FigureTableProps) {
  const { known, missing } = sorted(figures, nameOf);
  const hasIntervals = known.some(({ figure }) => figure.ci !== undefined);
  const hasP = known.some(({ figure }) => figure.p_value !== undefined);
  return (
    <>
      {known.length > 0 && (
        <div className={styles.sideways}>
          <table className={styles.table}>
            <caption className="visually-hidden">{caption}</caption>
            <thead>
              <tr>
                <th scope="col">Figure</th>
                <th scope="col">Value</th>
                {drawing && <th scope="col">Where it lies</th>}
                {hasIntervals && <th scope="col">Interval</th>}
                {hasP && <th scope="col">p</th>}
                <th scope="col" className={styles.count}>
                  n
                </th>
              </tr>
            </thead>
            <tbody>
              {known.map((placed) => (
                <tr key={placed.path.join("/")}>
                  <th scope="row">{nameOf(placed)}</th>
                  <td>
                    <FigureValue figure={placed.figure} path={placed.path} showN={false} />
                  </td>
                  {drawing && <td>{drawing(placed.figure)}</td>}
                  {hasIntervals && (
                    <td className={styles.interval}>{intervalText(placed.figure, placed.path) ?? "–"}</td>
                  )}
                  {hasP && (
                    <td className={styles.interval}>
                      {placed.figure.p_value === undefined ? "–" : pText(placed.figure.p_value)}
                    </td>
                  )}
                  <td className="number">{countText(placed.figure.n)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {missing.map((one) => (
        <MissingNote key={one.status + one.reason} missing={one} />
      ))}
    </>
  );
}

/** Which figures have no value, and why. */
export function MissingNote({ missing }: { missing: Missing }) {
  return (
    <p className={styles.missing}>
      <Badge tone="quiet">{statusText(missing.status)}</Badge> {missing.names.join(", ")}: {missing.reason}
    </p>
  );
}
