import { Panel } from "../../ui/Panel";
import { titleOf } from "../wording";
import { BlockView } from "./BlockView";
import { blockOf } from "./blocks";
import { CorrelationPanel } from "./CorrelationPanel";
import { FigureTable } from "./FigureTable";
import { figuresIn, isTree, treeOf } from "./figures";
import styles from "./Results.module.css";

const PLAIN = ["diversification", "weights", "ranking"];

/** What an analysis found of all its symbols together. */
export function PortfolioResults({ portfolio }: { portfolio: unknown }) {
  const parts = Object.keys(treeOf(portfolio)).filter((part) => part !== "correlation" && !PLAIN.includes(part));
  return (
    <div className={styles.grid}>
      <div className={styles.wide}>
        <CorrelationPanel portfolio={portfolio} />
      </div>
      {PLAIN.map((part) => (
        <GroupedFigures key={part} part={part} told={treeOf(portfolio)[part]} />
      ))}
      {parts.map((part) => (
        <Panel key={part} title={titleOf(part)}>
          <BlockView block={blockOf(titleOf(part), treeOf(portfolio)[part], ["portfolio", part])} />
        </Panel>
      ))}
    </div>
  );
}

/** Figures by mix or symbol, each group under its name. */
function GroupedFigures({ part, told }: { part: string; told: unknown }) {
  if (!isTree(told)) return null;
  return (
    <Panel title={titleOf(part)}>
      <div className={styles.pair}>
        {Object.entries(treeOf(told)).map(([name, group]) => (
          <div key={name} className={styles.part}>
            <h3>{titleOf(name)}</h3>
            <FigureTable
              caption={`${titleOf(part)}, ${titleOf(name)}`}
              figures={figuresIn(group, ["portfolio", part, name])}
            />
          </div>
        ))}
      </div>
    </Panel>
  );
}
