import { Panel } from "../../ui/Panel";
import type { ResultDocument } from "../jobs/queries";
import { titleOf } from "../wording";
import { BlockView } from "./BlockView";
import { blockOf } from "./blocks";
import styles from "./Results.module.css";

/** From what an analysis was made, and what it took: sources, files and their hashes, days that are not whole. */
export function InputsPanel({ document }: { document: ResultDocument }) {
  return (
    <div className={styles.grid}>
      {Object.entries(document.inputs).map(([symbol, told]) => (
        <Panel key={symbol} title={`What was read of ${symbol}`}>
          <BlockView block={blockOf(symbol, told, ["inputs", symbol])} />
        </Panel>
      ))}
      {(["question", "work"] as const).map((part) => (
        <Panel key={part} title={titleOf(part)}>
          <BlockView block={blockOf(titleOf(part), document[part], [part])} />
        </Panel>
      ))}
    </div>
  );
}
