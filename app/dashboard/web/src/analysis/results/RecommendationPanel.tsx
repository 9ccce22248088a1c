import { percentText } from "../../format/numbers";
import { useServerNow } from "../../live/ServerClock";
import { Badge } from "../../ui/Badge";
import { Instant } from "../../ui/Instant";
import { Panel } from "../../ui/Panel";
import { Empty } from "../../ui/states";
import { sideText, sideTone } from "../signals/signals";
import { titleOf } from "../wording";
import { FigureTable } from "./FigureTable";
import { figureOf, type PlacedFigure, partOf, textOf, treeOf } from "./figures";
import styles from "./Results.module.css";
import { reasonText } from "./reasons";

/** What is recommended for a symbol and why, beside how its predictions did on data that they had not seen. */
export function RecommendationPanel({ symbol, tree }: { symbol: string; tree: unknown }) {
  const told = treeOf(tree, "recommendation");
  const side = textOf(told, "action");
  const path = ["symbols", symbol, "recommendation"];
  if (side === null) {
    return (
      <Panel title="Recommendation">
        <Empty title="None">This kind of analysis predicts nothing. A full one, or a prediction, does.</Empty>
      </Panel>
    );
  }
  const why = reasonText(textOf(told, "reason_code"));
  const horizon = textOf(told, "horizon");
  return (
    <Panel title="Recommendation">
      <div className={styles.verdict}>
        <Side side={side} strength={partOf(told, "strength")} validUntil={textOf(told, "valid_until")} />
        <div className={styles.part}>
          <p>
            {side === "HOLD"
              ? `Held: ${why || textOf(told, "reason") || "the document does not say why."}`
              : WHY_NOT_HELD}
            {horizon !== null && <span className="quiet"> Horizon {horizon}.</span>}
          </p>
          <div className={styles.pair}>
            <div className={styles.part}>
              <h3>How sure</h3>
              <FigureTable
                caption="How sure the recommendation is"
                figures={placed(told, path, ["confidence", "net_edge"])}
              />
            </div>
            <div className={styles.part}>
              <h3>Out of sample</h3>
              <FigureTable
                caption="How the predictions did on data that they had not seen"
                figures={placed(told, [...path], ["brier_skill", "hit_rate", "dm"], "out_of_sample")}
              />
            </div>
          </div>
          <Tried count={partOf(told, "n_tried")} />
        </div>
      </div>
    </Panel>
  );
}

const WHY_NOT_HELD =
  "The skill gate is passed out of sample, the expected move covers the cost, and the data is good enough.";

function Side({ side, strength, validUntil }: { side: string; strength: unknown; validUntil: string | null }) {
  const now = useServerNow(5_000);
  const isOver = validUntil !== null && Date.parse(validUntil) <= now;
  const colour = side === "BUY" ? "up" : side === "SELL" ? "down" : undefined;
  return (
    <div className={styles.side}>
      <span className="row">
        <strong className={isOver ? "quiet" : colour}>{sideText(side)}</strong>
        {validUntil !== null && <Badge tone={isOver ? "warn" : sideTone(side)}>{isOver ? "expired" : "valid"}</Badge>}
      </span>
      <span>
        {side === "HOLD" || typeof strength !== "number" ? "no strength" : `strength ${percentText(strength, 0)}`}
      </span>
      <span>
        valid until <Instant at={validUntil} form="short" />
      </span>
    </div>
  );
}

function Tried({ count }: { count: unknown }) {
  if (typeof count !== "number" || count === 0) return null;
  return (
    <p className={styles.note}>
      {titleOf("n_tried")}: {count}; the p-values are corrected for all of them (Holm 1979).
    </p>
  );
}

function placed(told: unknown, base: readonly string[], names: readonly string[], within?: string): PlacedFigure[] {
  return names.flatMap((name) => {
    const path = within === undefined ? [name] : [within, name];
    const figure = figureOf(told, ...path);
    return figure === undefined ? [] : [{ path: [...base, ...path], figure }];
  });
}
