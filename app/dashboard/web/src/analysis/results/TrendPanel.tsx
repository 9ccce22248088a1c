import { RangeBar } from "../../charts/RangeBar";
import { Panel } from "../../ui/Panel";
import { InnerBlock } from "./BlockView";
import { blockOf } from "./blocks";
import { FigureTable } from "./FigureTable";
import { type Figure, figureOf, numberOf, type PlacedFigure, treeOf } from "./figures";
import styles from "./Results.module.css";

const TIMEFRAMES = ["1m", "5m", "15m", "1h", "session"];
const RANGE = [-1, 1] as const;

/** Whether the price drifts, by timeframe and together. */
export function TrendPanel({ symbol, tree }: { symbol: string; tree: unknown }) {
  const base = ["symbols", symbol, "trend"];
  const placed = [["combined"], ...TIMEFRAMES.map((one) => [one, "score"])].flatMap((path): PlacedFigure[] => {
    const figure = figureOf(tree, "trend", ...path);
    return figure === undefined ? [] : [{ path: [...base, ...path], figure }];
  });
  if (placed.length === 0) return null;
  const rest = blockOf("Tests behind it, and momentum", treeOf(tree, "trend"), base);
  return (
    <Panel title="Trend">
      <div className={styles.part}>
        <FigureTable
          caption="Trend scores"
          figures={placed}
          nameOf={({ path }) => (path.at(-1) === "combined" ? "all together" : (path.at(-2) ?? ""))}
          drawing={drawn}
        />
        <p className={styles.note}>−1 is a certain fall, 1 a certain rise; hollow: chance alone gives as much.</p>
        <InnerBlock block={{ ...rest, figures: [] }} />
      </div>
    </Panel>
  );
}

function drawn(figure: Figure) {
  const value = numberOf(figure);
  return value === null ? null : <RangeBar value={value} range={RANGE} isWeak={figure.status === "not_significant"} />;
}
