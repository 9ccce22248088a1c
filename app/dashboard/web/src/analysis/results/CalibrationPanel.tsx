import { binsOf } from "../../charts/bins";
import { Reliability } from "../../charts/Reliability";
import { Panel } from "../../ui/Panel";
import { titleOf } from "../wording";
import { FigureTable } from "./FigureTable";
import { figuresIn, type Path, partOf, treeOf } from "./figures";
import styles from "./Results.module.css";

/** Whether what was said came as often as it was said: on past data, and of the predictions that were made ahead. */
export function CalibrationPanel({ symbol, tree, record }: { symbol: string; tree: unknown; record: unknown }) {
  const predicted = treeOf(tree, "prediction");
  const horizons = Object.keys(predicted);
  if (horizons.length === 0 && Object.keys(treeOf(record)).length === 0) return null;
  return (
    <Panel title="Predictions and their calibration">
      <div className={styles.grid}>
        {horizons.map((horizon) => (
          <Prediction key={horizon} path={["symbols", symbol, "prediction", horizon]} told={predicted[horizon]} />
        ))}
        <TrackRecord symbol={symbol} record={record} />
      </div>
    </Panel>
  );
}

function Prediction({ path, told }: { path: Path; told: unknown }) {
  const { calibration, ...rest } = treeOf(told);
  const horizon = path.at(-1);
  return (
    <div className={styles.part}>
      <h3>{horizon} ahead, tested walking forward</h3>
      <Diagram
        title={`Calibration of predictions ${horizon} ahead, out of sample`}
        bins={partOf(calibration, "bins")}
      />
      <FigureTable
        caption={`Prediction ${horizon} ahead`}
        figures={[
          ...figuresIn(rest, path),
          ...["slope", "intercept"].flatMap((name) =>
            figuresIn(partOf(calibration, name), [...path, "calibration", name]),
          ),
        ]}
        nameOf={(placed) => NAMES[placed.path.at(-1) ?? ""] ?? titleOf(placed.path.at(-1) ?? "")}
      />
    </div>
  );
}

const NAMES: Readonly<Record<string, string>> = {
  probability: "Probability of a rise",
  interval: "Width of the 90 % interval",
  slope: "Calibration slope, 1 is right",
  intercept: "Calibration intercept, 0 is right",
};

/** How the ledger's predictions of a symbol did, by horizon. */
export function TrackRecord({ symbol, record }: { symbol: string; record: unknown }) {
  const horizons = Object.keys(treeOf(record));
  if (horizons.length === 0) {
    return (
      <div className={styles.part}>
        <h3>Track record</h3>
        <p className="quiet">No prediction of {symbol} in the ledger has an outcome yet.</p>
      </div>
    );
  }
  return horizons.map((horizon) => (
    <div key={horizon} className={styles.part}>
      <h3>{horizon} ahead, the ledger’s track record</h3>
      <Diagram title={`Calibration of the ledger ${horizon} ahead`} bins={partOf(record, horizon, "all", "bins")} />
      <FigureTable
        caption={`Track record ${horizon} ahead`}
        figures={Object.entries(treeOf(record, horizon, "all")).flatMap(([name, figure]) =>
          name === "bins" ? [] : figuresIn(figure, ["track_record", symbol, horizon, "all", name]),
        )}
      />
    </div>
  ));
}

function Diagram({ title, bins }: { title: string; bins: unknown }) {
  const drawn = binsOf(bins);
  if (drawn.length === 0) return <p className={styles.note}>No diagram: too few outcomes are known for its bins.</p>;
  return <Reliability title={title} bins={drawn} />;
}
