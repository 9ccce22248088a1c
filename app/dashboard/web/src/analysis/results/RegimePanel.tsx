import { percentText } from "../../format/numbers";
import { Panel } from "../../ui/Panel";
import { FigureTable } from "./FigureTable";
import { figureOf, figuresIn, numberOf, treeOf } from "./figures";
import { readable } from "./measures";
import styles from "./Results.module.css";

const SINGLE = ["regimes", "dependence"];
const ORDER = ["regimes", "state", "probability", "duration", "dependence"];

/** Whether there are regimes of volatility, and in which one the market is. */
export function RegimePanel({ symbol, tree }: { symbol: string; tree: unknown }) {
  const told = treeOf(tree, "regime");
  const number = figureOf(told, "regimes");
  if (number === undefined) return null;
  // Of one regime there is no state to be in, and each of the others would say so again.
  const shown = ORDER.filter((name) => number.value !== 1 || SINGLE.includes(name));
  const own = shown.flatMap((name) => figuresIn(told[name], ["symbols", symbol, "regime", name]));
  return (
    <Panel title="Regime of volatility">
      <div className={styles.part}>
        <Probabilities told={told} />
        {number.value === 1 && <p>A single regime: {number.reason}.</p>}
        <FigureTable caption="Regime" figures={own} />
      </div>
    </Panel>
  );
}

function Probabilities({ told }: { told: unknown }) {
  const states = Object.keys(treeOf(told, "probabilities"));
  if (states.length === 0) return null;
  return (
    <div className={styles.states}>
      {states.map((state) => {
        const probability = numberOf(figureOf(told, "probabilities", state));
        const size = numberOf(figureOf(told, "volatility", state));
        return (
          <div key={state} className={styles.state}>
            <span>{state}</span>
            <div className={styles.meter} aria-hidden="true">
              <div style={{ width: `${(probability ?? 0) * 100}%` }} />
            </div>
            <span className="number">
              {percentText(probability)}
              <span className="quiet">{size === null ? "" : ` · ${readable(size, "plain")} × average`}</span>
            </span>
          </div>
        );
      })}
    </div>
  );
}
