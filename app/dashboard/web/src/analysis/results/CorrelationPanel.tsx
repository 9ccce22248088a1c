import { HeatMap } from "../../charts/HeatMap";
import { Panel } from "../../ui/Panel";
import { clusterOrder } from "./clusters";
import { FigureValue } from "./FigureValue";
import { figureOf, numberOf, textOf, treeOf } from "./figures";
import { intervalText } from "./measures";
import styles from "./Results.module.css";

const TWINS = { matrix: "Ledoit-Wolf", hayashi_yoshida: "Hayashi-Yoshida" } as const;

/** How the symbols move together: symbols that do stand beside each other. */
export function CorrelationPanel({ portfolio }: { portfolio: unknown }) {
  const symbols = Object.keys(treeOf(portfolio, "correlation", "matrix"));
  if (symbols.length === 0) return null;
  const order = clusterOrder(symbols, (one, other) =>
    numberOf(figureOf(portfolio, "correlation", "matrix", one, other)),
  );
  const timeframe = textOf(portfolio, "correlation", "timeframe") ?? "";
  return (
    <Panel title="Correlation">
      <div className={styles.grid}>
        {Object.entries(TWINS).map(([name, method]) => (
          <HeatMap
            key={name}
            caption={`${method}, returns of ${timeframe}; alike symbols side by side`}
            names={order}
            cell={(row, column) => cellOf(portfolio, ["correlation", name, row, column])}
          />
        ))}
      </div>
    </Panel>
  );
}

function cellOf(portfolio: unknown, path: readonly string[]) {
  const figure = figureOf(portfolio, ...path);
  if (figure === undefined) return { value: null, text: "–", title: "not told" };
  const value = numberOf(figure);
  const isSelf = path.at(-1) === path.at(-2);
  const interval = intervalText(figure, path);
  const title = figure.reason ?? [`n ${figure.n}`, interval && `95 %: ${interval}`].filter(Boolean).join(", ");
  return {
    value,
    title,
    text:
      isSelf && value !== null ? (
        "1"
      ) : (
        <FigureValue figure={figure} path={["portfolio", ...path]} showN={false} digits={2} />
      ),
  };
}
