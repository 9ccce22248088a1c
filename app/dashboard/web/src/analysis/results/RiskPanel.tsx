import { Panel } from "../../ui/Panel";
import { titleOf } from "../wording";
import { InnerBlock } from "./BlockView";
import { blockOf } from "./blocks";
import { FigureTable } from "./FigureTable";
import { figureOf, isTree, type Path, type PlacedFigure, partOf } from "./figures";
import styles from "./Results.module.css";

const SPANS = { session: "a session", "1h": "an hour" } as const;
const MEASURES = ["var_95", "var_99", "es_99"];
const SIZES: readonly Path[] = [
  ["sizing", "contracts"],
  ["sizing", "micro"],
];

/** What may be lost, and how large a position may be for that; the methods beside it can be opened. */
export function RiskPanel({ symbol, tree }: { symbol: string; tree: unknown }) {
  const place = (path: Path): PlacedFigure[] => {
    const figure = figureOf(tree, ...path);
    return figure === undefined ? [] : [{ path: ["symbols", symbol, ...path], figure }];
  };
  const risks = Object.keys(SPANS).flatMap((span) => MEASURES.flatMap((one) => place(["risk", span, one, "fhs"])));
  const sizes = SIZES.flatMap(place);
  if (risks.length + sizes.length === 0) return null;
  return (
    <Panel title="Risk and size">
      <div className={styles.part}>
        <FigureTable caption="Value at risk and expected shortfall" figures={risks} nameOf={nameOf} />
        {sizes.length > 0 && <FigureTable caption="Size of a position" figures={sizes} nameOf={sizeName} />}
        {["risk", "sizing"].map((part) => {
          const told = partOf(tree, part);
          if (!isTree(told)) return null;
          const title = part === "risk" ? "Other methods, backtests and drawdown" : "What caps the size";
          return <InnerBlock key={part} block={blockOf(title, told, ["symbols", symbol, part])} />;
        })}
      </div>
    </Panel>
  );
}

function nameOf({ path }: PlacedFigure): string {
  const span = path.at(-3);
  return `${titleOf(path.at(-2) ?? "")} of ${span === "1h" || span === "session" ? SPANS[span] : span}`;
}

function sizeName({ path }: PlacedFigure): string {
  return path.at(-1) === "micro" ? "Position, micro" : "Position";
}
