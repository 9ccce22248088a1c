import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { answered, api, type Shape } from "../../api/client";
import { useInstruments } from "../../api/installation";
import { percentText } from "../../format/numbers";
import { type Priced, reckonedPriceText } from "../../format/prices";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { type Column, DataTable } from "../../ui/DataTable";
import { Instant } from "../../ui/Instant";
import { Panel } from "../../ui/Panel";
import { Empty, QueryView } from "../../ui/states";
import styles from "../jobs/Jobs.module.css";
import { jobHref } from "../jobs/jobs";

type Prediction = Shape<"PredictionsAnswer.PredictionAnswer">;

/** The ledger, the latest prediction first. */
export function PredictionsPanel() {
  const query = useInfiniteQuery({
    queryKey: ["predictions", "ledger"],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      answered(api.GET("/api/predictions", { params: { query: { cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (page) => page.next_cursor,
  });
  const instruments = useInstruments().data;
  return (
    <Panel title="Ledger" flush>
      <QueryView
        query={query}
        what="predictions"
        isEmpty={(data) => data.pages.every((page) => page.predictions.length === 0)}
        empty={
          <Empty title="Nothing was predicted yet">
            A prediction is written when a full analysis, or one of the kind prediction, has 500 bars to learn from, 200
            predictions to judge by, data that is not rejected, and a bar that is still to come.
          </Empty>
        }
      >
        {(data) => (
          <DataTable
            caption="Predictions, the latest first"
            columns={columnsOf(instruments)}
            rows={data.pages.flatMap((page) => page.predictions)}
            keyOf={(one) => one.id}
          />
        )}
      </QueryView>
      {query.hasNextPage && (
        <div className={styles.more}>
          <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {query.isFetchingNextPage ? "Loading…" : "Earlier ones"}
          </Button>
        </div>
      )}
    </Panel>
  );
}

function columnsOf(instruments: ReadonlyMap<string, Priced> | undefined): Column<Prediction>[] {
  const price = (one: Prediction, value: number | null) =>
    value === null ? "–" : reckonedPriceText(value, instruments?.get(one.symbol));
  return [
    { key: "made", heading: "Made", cell: (one) => <Instant at={one.made_at} form="short" /> },
    { key: "symbol", heading: "Symbol", cell: (one) => one.symbol },
    { key: "horizon", heading: "Horizon", cell: (one) => one.horizon },
    { key: "target", heading: "About", cell: (one) => <Instant at={one.target_ts} form="short" /> },
    {
      key: "p",
      heading: "Rise",
      isNumber: true,
      title: "probability that the price is above",
      cell: (one) => percentText(one.p),
    },
    { key: "rate", heading: "Base rate", isNumber: true, cell: (one) => percentText(one.base_rate) },
    { key: "base", heading: "From", isNumber: true, cell: (one) => price(one, one.base_price) },
    {
      key: "interval",
      heading: "90 % interval",
      isNumber: true,
      cell: (one) => (one.low === null ? "–" : `${price(one, one.low)} to ${price(one, one.high)}`),
    },
    {
      key: "gate",
      heading: "Gate",
      title: "whether the skill gate was passed; without it the base rate is said",
      cell: (one) => <Badge tone={one.gated ? "ok" : "quiet"}>{one.gated ? "passed" : "not passed"}</Badge>,
    },
    { key: "outcome", heading: "Outcome", cell: outcomeText },
    { key: "price", heading: "Came to", isNumber: true, cell: (one) => price(one, one.outcome_price) },
    { key: "job", heading: "Job", isNumber: true, cell: (one) => <Link href={jobHref(one.job_id)}>{one.job_id}</Link> },
  ];
}

/** What came of a prediction: a rise, none, why there will be no outcome, or that it is still to come. */
export function outcomeText(one: Pick<Prediction, "outcome" | "void">): string {
  if (one.void !== null) return `none: ${one.void}`;
  return one.outcome === null ? "still to come" : one.outcome === 1 ? "▲ rose" : "▼ did not rise";
}
