import { useInstruments } from "../../api/installation";
import { LinePlot, type PlotLine } from "../../charts/LinePlot";
import { reckonedPriceText } from "../../format/prices";
import { useZone } from "../../preferences/useZone";
import { Panel } from "../../ui/Panel";
import { Empty } from "../../ui/states";
import { GridView } from "./BlockView";
import { blockOf } from "./blocks";
import { FigureTable } from "./FigureTable";
import { figureOf, listOf, numberOf, textOf, treeOf } from "./figures";
import styles from "./Results.module.css";

const NEAREST = 3;

/** The closes that were analysed, with the levels that are nearest to the last one. */
export function PricePanel({ symbol, tree }: { symbol: string; tree: unknown }) {
  const instrument = useInstruments().data?.get(symbol);
  const zone = useZone(instrument?.market);
  const text = (value: number) => reckonedPriceText(value, instrument);
  const closes = closesOf(tree);
  const base = ["symbols", symbol, "levels"];
  const levels = blockOf("Levels", treeOf(tree, "levels"), base);
  const together = figureOf(tree, "levels", "together");
  const timeframe = textOf(tree, "charts", "timeframe");
  return (
    <Panel title={`Closes${timeframe ? ` of ${timeframe}` : ""} and levels`}>
      <div className={styles.part}>
        {closes.at.length > 1 ? (
          <LinePlot
            title={summaryOf(symbol, closes.price, text)}
            x={closes.at}
            lines={[
              { label: "close", values: closes.price, colour: "series-1" },
              ...levelLines(tree, "support", "series-4", closes.at.length, text),
              ...levelLines(tree, "resistance", "series-5", closes.at.length, text),
            ]}
            zone={zone}
            text={text}
          />
        ) : (
          <Empty title="No closes to draw">There are no bars in the range.</Empty>
        )}
        {levels.grids.length === 0 && together === undefined && (
          <p className={styles.note}>This kind of analysis looks for no levels.</p>
        )}
        {levels.grids.map((grid) => (
          <details key={grid.title}>
            <summary>
              {grid.title}: {grid.rows.length}
            </summary>
            <GridView grid={grid} />
          </details>
        ))}
        {together && (
          <FigureTable
            caption="Levels tested together"
            figures={[{ path: [...base, "together"], figure: together }]}
            nameOf={() => "All levels against random ones, 1 − p"}
          />
        )}
      </div>
    </Panel>
  );
}

function closesOf(tree: unknown): { at: number[]; price: number[] } {
  const pairs = listOf(tree, "charts", "closes").filter(
    (pair): pair is [string, number] =>
      Array.isArray(pair) && typeof pair[0] === "string" && typeof pair[1] === "number",
  );
  return { at: pairs.map(([at]) => Date.parse(at) / 1_000), price: pairs.map(([, price]) => price) };
}

function levelLines(
  tree: unknown,
  side: string,
  colour: string,
  count: number,
  text: (value: number) => string,
): PlotLine[] {
  const values = listOf(tree, "levels", side).map((row) => numberOf(figureOf(row, "level")));
  return values
    .filter((value) => value !== null)
    .slice(0, NEAREST)
    .map((value) => ({
      label: `${side} ${text(value)}`,
      values: Array(count).fill(value),
      colour,
      isLevel: true,
    }));
}

function summaryOf(symbol: string, prices: readonly number[], text: (value: number) => string): string {
  const last = prices.at(-1) ?? Number.NaN;
  return `Closes of ${symbol}: ${prices.length}, from ${text(Math.min(...prices))} to ${text(Math.max(...prices))}, the last ${text(last)}`;
}
