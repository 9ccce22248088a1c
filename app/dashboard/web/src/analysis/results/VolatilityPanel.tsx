import { Cone } from "../../charts/Cone";
import { LinePlot } from "../../charts/LinePlot";
import { RangeBar } from "../../charts/RangeBar";
import { extent } from "../../charts/scale";
import { percentText } from "../../format/numbers";
import { dayText } from "../../format/times";
import { Panel } from "../../ui/Panel";
import { nameOfLast } from "./blocks";
import { coneOf } from "./cone";
import { FigureTable } from "./FigureTable";
import { type Figure, figuresIn, listOf, numberOf, textOf, treeOf } from "./figures";
import styles from "./Results.module.css";

const percent = (share: number) => percentText(share);

/** How much the symbol moves: by estimator, from session to session, and how that compares with its past. */
export function VolatilityPanel({ symbol, tree }: { symbol: string; tree: unknown }) {
  const { series, ...rest } = treeOf(tree, "volatility");
  const placed = figuresIn(rest, ["symbols", symbol, "volatility"]);
  if (placed.length === 0) return null;
  const sessions = sessionsOf(series);
  const yearly = placed.filter((one) => one.figure.unit === "fraction a year" && one.figure.value !== null);
  const range = extent(
    yearly.flatMap(({ figure }) => [numberOf(figure) ?? 0, ...(figure.ci ?? [])]),
    0.1,
  );
  return (
    <Panel title="Volatility">
      <div className={styles.part}>
        <FigureTable
          caption="Volatility by estimator"
          figures={placed}
          nameOf={(one) => (one.path.at(-1) === "label" ? "Rank in its past" : nameOfLast(one))}
          drawing={range === null ? undefined : (figure) => drawn(figure, range)}
        />
        <VolatilityCone symbol={symbol} volatilities={sessions.map((one) => one.volatility)} />
        {sessions.length > 1 && (
          <LinePlot
            title={`Volatility of ${symbol} by session, ${sessions.length} sessions, the last ${percent(sessions.at(-1)?.volatility ?? 0)} a year`}
            x={sessions.map((_, place) => place)}
            lines={[{ label: "a year", values: sessions.map((one) => one.volatility), colour: "series-1" }]}
            zone="UTC"
            height={180}
            text={percent}
            xText={(place) => dayText(sessions[place]?.day).replace(/^\w+, |, \d+$/g, "")}
          />
        )}
      </div>
    </Panel>
  );
}

/** The cone, and what it is; where there are too few sessions, that. */
function VolatilityCone({ symbol, volatilities }: { symbol: string; volatilities: readonly number[] }) {
  const steps = coneOf(volatilities);
  if (steps.length < 2) {
    return (
      <p className={styles.note}>
        No cone: {volatilities.length} sessions have a volatility, 11 are needed for stretches of two.
      </p>
    );
  }
  return (
    <div className={styles.part}>
      <Cone
        title={`Volatility cone of ${symbol}`}
        steps={steps}
        xLabel="sessions in a stretch"
        yLabel="volatility a year"
        text={percent}
      />
      <p className={styles.legend}>
        <span className={styles.range}>least to greatest</span>
        <span className={styles.half}>middle half</span>
        <span>median</span>
        <span className={styles.now}>now</span>
      </p>
      <p className={styles.note}>
        Root mean square over all stretches of the {volatilities.length} sessions, which overlap (Burghardt and Lane
        1990), worked out here from the sessions below.
      </p>
    </div>
  );
}

function sessionsOf(series: unknown): { day: string; volatility: number }[] {
  const volatilities = listOf(series, "volatility");
  return listOf(series, "session").flatMap((_, place) => {
    const day = textOf(listOf(series, "session")[place]);
    const volatility = volatilities[place];
    return day !== null && typeof volatility === "number" ? [{ day, volatility }] : [];
  });
}

function drawn(figure: Figure, range: readonly [number, number]) {
  const value = numberOf(figure);
  if (value === null || figure.unit !== "fraction a year") return null;
  return <RangeBar value={value} interval={figure.ci} range={range} isWeak={figure.status !== "ok"} />;
}
