import { Badge, type Tone } from "../../ui/Badge";
import { Panel } from "../../ui/Panel";
import type { ResultDocument } from "../jobs/queries";
import { titleOf } from "../wording";
import { InnerBlock } from "./BlockView";
import { blockOf } from "./blocks";
import { CalibrationPanel } from "./CalibrationPanel";
import { listOf, partOf, textOf, treeOf } from "./figures";
import { PricePanel } from "./PricePanel";
import { RecommendationPanel } from "./RecommendationPanel";
import { RegimePanel } from "./RegimePanel";
import styles from "./Results.module.css";
import { RiskPanel } from "./RiskPanel";
import { TrendPanel } from "./TrendPanel";
import { VolatilityPanel } from "./VolatilityPanel";

// In the order in which a report has them; what else a document has comes after.
const REST = ["forecast", "seasonality", "indicators", "patterns"];
const SHOWN = ["recommendation", "prediction", "levels", "trend", "volatility", "regime", "risk", "sizing", "charts"];
const VERDICTS: Readonly<Record<string, Tone>> = { ok: "ok", degraded: "warn", reject: "bad" };

/** What an analysis found of one symbol. */
export function SymbolResults({ symbol, document }: { symbol: string; document: ResultDocument }) {
  const tree = document.symbols[symbol];
  const parts = Object.keys(treeOf(tree));
  const rest = [...REST, ...parts.filter((part) => ![...REST, ...SHOWN, "quality"].includes(part))];
  return (
    <div className={`${styles.grid} ${styles.two}`}>
      <div className={styles.wide}>
        <RecommendationPanel symbol={symbol} tree={tree} />
      </div>
      <div className={styles.wide}>
        <PricePanel symbol={symbol} tree={tree} />
      </div>
      <div className="stack">
        <VolatilityPanel symbol={symbol} tree={tree} />
        <RegimePanel symbol={symbol} tree={tree} />
        <QualityPanel symbol={symbol} tree={tree} />
      </div>
      <div className="stack">
        <TrendPanel symbol={symbol} tree={tree} />
        <RiskPanel symbol={symbol} tree={tree} />
      </div>
      <div className={styles.wide}>
        <CalibrationPanel symbol={symbol} tree={tree} record={document.track_record[symbol]} />
      </div>
      <div className={styles.wide}>
        <Panel title="Everything else">
          <div className={styles.part}>
            {rest
              .filter((part) => parts.includes(part))
              .map((part) => (
                <InnerBlock key={part} block={blockOf(titleOf(part), partOf(tree, part), ["symbols", symbol, part])} />
              ))}
          </div>
        </Panel>
      </div>
    </div>
  );
}

/** Whether the data carries the figures, and why it does not. */
function QualityPanel({ symbol, tree }: { symbol: string; tree: unknown }) {
  const verdict = textOf(tree, "quality", "verdict");
  if (verdict === null) return null;
  const said = [...listOf(tree, "quality", "reasons"), ...listOf(tree, "quality", "notes")].map(String);
  const { verdict: _, reasons: __, notes: ___, ...rest } = treeOf(tree, "quality");
  return (
    <Panel title="Data quality" actions={<Badge tone={VERDICTS[verdict] ?? "quiet"}>{verdict}</Badge>}>
      <div className={styles.part}>
        {said.length === 0 && <p>Nothing speaks against the data.</p>}
        {said.length > 0 && (
          <ul className={styles.said}>
            {said.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        )}
        <InnerBlock block={blockOf("Every check", rest, ["symbols", symbol, "quality"])} />
      </div>
    </Panel>
  );
}
