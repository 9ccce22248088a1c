import { statusText } from "../analysis/wording";
import { countText, decimalText } from "../format/numbers";
import { dayText } from "../format/times";
import { Badge } from "../ui/Badge";
import { Button } from "../ui/Button";
import { type Column, DataTable } from "../ui/DataTable";
import { FigureCell } from "./FigureCell";
import { type Figure, intervalText } from "./figures";
import { driftOf, figureOf, keyOf, type Series } from "./performance";
import styles from "./SeriesTable.module.css";

/** Every model, symbol and horizon with its record; one of them can be looked at closely. */
export function SeriesTable(props: {
  series: readonly Series[];
  shown: string | undefined;
  onShow: (key: string) => void;
}) {
  const { series, shown, onShow } = props;
  const columns: readonly Column<Series>[] = [
    {
      key: "show",
      heading: <span className="visually-hidden">Show</span>,
      cell: (one) => (
        <Button
          className={styles.show}
          pressed={keyOf(one) === shown}
          aria-label={`Show ${one.symbol} ${one.horizon} of ${one.model} closely`}
          onClick={() => onShow(keyOf(one))}
        >
          {one.symbol} {one.horizon}
        </Button>
      ),
    },
    { key: "model", heading: "Model", cell: (one) => <span className={styles.model}>{one.model}</span> },
    { key: "state", heading: "State", cell: (one) => <State series={one} /> },
    { key: "n", heading: "Outcomes", isNumber: true, cell: (one) => countText(one.outcomes) },
    figureColumn("brier", "Brier", "Mean squared error of the probability; 0.25 is a coin's"),
    figureColumn("brier_skill", "Skill", "Brier skill against the base rate; above 0 is better"),
    figureColumn("hit_rate", "Hits", "Share of right sides, with its 95 % interval"),
    figureColumn("coverage", "Coverage", "Share of prices inside the 90 % interval; 0.9 is right"),
    figureColumn("kupiec", "Kupiec p", "p of so many prices outside of the interval (Kupiec 1995)", withP),
    {
      key: "drift",
      heading: "Drift",
      title: "CUSUM of the gains over the base rate: an alarm from 12 on (Page 1954)",
      isNumber: true,
      cell: (one) => <FigureCell name={`${nameOf(one)} drift`} figure={driftOf(one)} places={1} />,
    },
    {
      key: "session",
      heading: "Up to",
      cell: (one) => <span className={styles.model}>{dayText(one.session_date)}</span>,
    },
  ];
  return <DataTable caption="Track record of predictions" columns={columns} rows={series} keyOf={keyOf} />;
}

function State({ series }: { series: Series }) {
  if (series.degraded) {
    return (
      <Badge tone="bad" title="Nothing is recommended on these predictions">
        degraded
      </Badge>
    );
  }
  return series.status === "ok" ? (
    <Badge tone="ok">ok</Badge>
  ) : (
    <Badge tone="quiet">{statusText("insufficient_data")}</Badge>
  );
}

function figureColumn(
  name: string,
  heading: string,
  title: string,
  text: (figure: Figure) => string | undefined = () => undefined,
): Column<Series> {
  return {
    key: name,
    heading,
    title,
    isNumber: true,
    cell: (one) => {
      const figure = figureOf(one, "all", name);
      const said = figure === null ? undefined : text(figure);
      return (
        <FigureCell
          name={`${nameOf(one)} ${heading}`}
          figure={figure}
          aside={intervalText(figure, undefined, 2)}
          {...(said === undefined ? {} : { text: said })}
        />
      );
    },
  };
}

function withP(figure: Figure): string | undefined {
  return figure.p_value === undefined ? undefined : decimalText(figure.p_value, 3);
}

function nameOf(series: Series): string {
  return `${series.symbol} ${series.horizon}`;
}
