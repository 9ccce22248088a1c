import { useQuery } from "@tanstack/react-query";
import { answered, api, type Shape } from "../../api/client";
import { binsOf } from "../../charts/bins";
import { Reliability } from "../../charts/Reliability";
import { countText } from "../../format/numbers";
import { dayText } from "../../format/times";
import { Badge } from "../../ui/Badge";
import { type Column, DataTable } from "../../ui/DataTable";
import { Panel } from "../../ui/Panel";
import { Empty, QueryView } from "../../ui/states";
import { FigureValue } from "../results/FigureValue";
import { figureOf, partOf } from "../results/figures";
import resultStyles from "../results/Results.module.css";
import { statusText } from "../wording";

type Series = Shape<"PerformanceAnswer.SeriesPerformanceAnswer">;

const LEAST = 30;

/** How the predictions of each model, symbol and horizon did, with their calibration. */
export function PerformancePanel() {
  const query = useQuery({
    queryKey: ["predictions", "performance"],
    queryFn: ({ signal }) => answered(api.GET("/api/predictions/performance", { signal })),
    refetchInterval: 60_000,
  });
  return (
    <Panel title="Track record" flush>
      <QueryView
        query={query}
        what="track record"
        isEmpty={(data) => data.performance.length === 0}
        empty={<Empty title="Not enough is known yet">{query.data?.reason}</Empty>}
      >
        {(data) => (
          <>
            {data.reason && <Empty title="Not enough is known yet">{data.reason}</Empty>}
            <DataTable
              caption="Track record by symbol and horizon"
              columns={COLUMNS}
              rows={data.performance}
              keyOf={keyOf}
            />
            <Diagrams series={data.performance} />
          </>
        )}
      </QueryView>
    </Panel>
  );
}

function Diagrams({ series }: { series: readonly Series[] }) {
  const drawn = series
    .map((one) => ({ one, bins: binsOf(partOf(one.figures, "all", "bins")) }))
    .filter(({ bins }) => bins.length > 0);
  if (drawn.length === 0) return null;
  return (
    <div className={`${resultStyles.diagrams} ${resultStyles.inset}`}>
      {drawn.map(({ one, bins }) => (
        <div key={keyOf(one)} className={resultStyles.part}>
          <h3>
            {one.symbol}, {one.horizon} ahead
          </h3>
          <Reliability title={`Calibration of ${one.symbol}, ${one.horizon} ahead`} bins={bins} />
        </div>
      ))}
    </div>
  );
}

const COLUMNS: readonly Column<Series>[] = [
  { key: "symbol", heading: "Symbol", cell: (one) => one.symbol },
  { key: "horizon", heading: "Horizon", cell: (one) => one.horizon },
  {
    key: "n",
    heading: "n",
    isNumber: true,
    title: `outcomes of predictions that were made before their time; ${LEAST} are needed for a figure`,
    cell: (one) => countText(one.outcomes),
  },
  figureColumn("brier", "Brier", "mean squared error of the probability (Brier 1950)"),
  figureColumn("brier_skill", "Skill", "share of the base rate's Brier score that is saved; above 0 is better"),
  figureColumn("slope", "Slope", "of the calibration: 1 is right, below 1 boasts (Cox 1958)"),
  figureColumn("intercept", "Intercept", "of the calibration: 0 is right (Cox 1958)"),
  figureColumn("hit_rate", "Hits", "share of right sides"),
  figureColumn("coverage", "Coverage", "share of prices inside the 90 % interval"),
  { key: "state", heading: "Standing", cell: (one) => <Standing series={one} /> },
  { key: "session", heading: "Scored up to", cell: (one) => dayText(one.session_date) },
  { key: "model", heading: "Model", cell: (one) => one.model },
];

function Standing({ series }: { series: Series }) {
  if (series.status === "insufficient_data") {
    return (
      <span title={`${series.outcomes} outcomes are known, ${LEAST} needed`}>
        <Badge tone="quiet">{statusText(series.status)}</Badge> {series.outcomes} of {LEAST} outcomes
      </span>
    );
  }
  return series.degraded ? (
    <Badge tone="bad" title="nothing is recommended on these predictions">
      held: worse than the base rate
    </Badge>
  ) : (
    "not held"
  );
}

function figureColumn(name: string, heading: string, title: string): Column<Series> {
  return {
    key: name,
    heading,
    title,
    cell: (one) => {
      const figure = figureOf(one.figures, "all", name);
      if (figure === undefined || figure.value === null) return <span title={figure?.reason}>–</span>;
      return <FigureValue figure={figure} path={["track_record", one.symbol, name]} showN={false} />;
    },
  };
}

function keyOf(one: Series): string {
  return `${one.model_id}-${one.symbol}-${one.horizon}`;
}
