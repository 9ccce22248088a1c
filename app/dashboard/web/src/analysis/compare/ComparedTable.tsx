import { useState } from "react";
import { Badge } from "../../ui/Badge";
import { type Column, DataTable } from "../../ui/DataTable";
import { Empty } from "../../ui/states";
import styles from "../jobs/Jobs.module.css";
import { FigureValue } from "../results/FigureValue";
import type { Figure, Path } from "../results/figures";
import { intervalText } from "../results/measures";
import { titleOf } from "../wording";
import { type Compared, differenceText } from "./compare";

/** Figures of two analyses beside each other, those that differ or all, with the difference. */
export function ComparedTable({ rows, a, b }: { rows: readonly Compared[]; a: number; b: number }) {
  const [isAll, setAll] = useState(false);
  const differing = rows.filter((row) => row.isDifferent);
  const shown = isAll ? rows : differing;
  return (
    <>
      <p className={styles.more}>
        {differing.length} of {rows.length} figures differ.{" "}
        <label className={styles.filter}>
          <input type="checkbox" checked={isAll} onChange={(event) => setAll(event.target.checked)} /> Show the same
          ones, too
        </label>
      </p>
      {shown.length === 0 ? (
        <Empty title="Nothing to compare">
          {rows.length === 0 ? "Neither has a figure here." : "All figures are the same."}
        </Empty>
      ) : (
        <DataTable
          caption="Figures compared"
          columns={columnsOf(a, b)}
          rows={shown}
          keyOf={(row) => row.path.join("/")}
        />
      )}
    </>
  );
}

function columnsOf(a: number, b: number): Column<Compared>[] {
  return [
    { key: "part", heading: "Part", cell: (row) => titleOf(row.path[row.path[0] === "symbols" ? 2 : 1] ?? "") },
    { key: "figure", heading: "Figure", cell: (row) => nameOf(row.path) },
    { key: "a", heading: `Analysis ${a}`, cell: (row) => <Cell figure={row.a} path={row.path} /> },
    { key: "b", heading: `Analysis ${b}`, cell: (row) => <Cell figure={row.b} path={row.path} /> },
    { key: "difference", heading: "Difference", isNumber: true, cell: (row) => differenceText(row) },
    {
      key: "apart",
      heading: "Intervals",
      title: "Whether the intervals overlap",
      cell: (row) => (row.isApart === null ? "–" : row.isApart ? <Badge tone="warn">apart</Badge> : "overlap"),
    },
  ];
}

function Cell({ figure, path }: { figure: Figure | undefined; path: Path }) {
  if (figure === undefined) return <span className="quiet">not there</span>;
  const interval = intervalText(figure, path);
  return (
    <>
      <FigureValue figure={figure} path={path} />
      {interval !== null && <span className="quiet"> [{interval}]</span>}
    </>
  );
}

function nameOf(path: Path): string {
  return path
    .slice(path[0] === "symbols" ? 3 : 2)
    .map(titleOf)
    .join(" · ");
}
