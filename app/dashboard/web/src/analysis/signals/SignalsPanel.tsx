import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { answered, api } from "../../api/client";
import { percentText } from "../../format/numbers";
import { Badge } from "../../ui/Badge";
import { type Column, DataTable } from "../../ui/DataTable";
import { Instant } from "../../ui/Instant";
import { Panel } from "../../ui/Panel";
import { Empty, QueryView } from "../../ui/states";
import { jobHref } from "../jobs/jobs";
import { reasonText } from "../results/reasons";
import { OutOfSample } from "./OutOfSample";
import styles from "./Signals.module.css";
import { inOrder, type Signal, sideText, sideTone } from "./signals";

/** What the newest analysis of each symbol recommends, with how its predictions did on data they had not seen. */
export function SignalsPanel() {
  const query = useQuery({
    queryKey: ["signals"],
    queryFn: ({ signal }) => answered(api.GET("/api/signals", { signal })),
    refetchInterval: 10_000,
  });
  return (
    <Panel title="Recommended now" flush>
      <QueryView
        query={query}
        what="recommendations"
        isEmpty={(data) => data.signals.length === 0}
        empty={
          <Empty title="Nothing is recommended, nor held">
            A full analysis or a prediction gives each of its symbols a recommendation.{" "}
            <Link href="/analysis/new">Ask for one.</Link>
          </Empty>
        }
      >
        {(data) => (
          <DataTable
            caption="The newest recommendation of each symbol"
            columns={COLUMNS}
            rows={inOrder(data.signals)}
            keyOf={(signal) => signal.symbol}
          />
        )}
      </QueryView>
    </Panel>
  );
}

const COLUMNS: readonly Column<Signal>[] = [
  {
    key: "symbol",
    heading: "Symbol",
    cell: (signal) => <Link href={`${jobHref(signal.job_id)}/${signal.symbol}`}>{signal.symbol}</Link>,
  },
  {
    key: "side",
    heading: "Side",
    cell: (signal) => <Badge tone={sideTone(signal.side, signal.valid)}>{sideText(signal.side)}</Badge>,
  },
  {
    key: "strength",
    heading: "Strength",
    isNumber: true,
    title: "0 to 1; a symbol that is held has none",
    cell: (signal) => (signal.side === "HOLD" ? "–" : percentText(signal.strength, 0)),
  },
  {
    key: "skill",
    heading: "Out of sample",
    title: "Brier skill against the base rate, on data that the model had not seen; above 0 is better",
    cell: (signal) => <OutOfSample jobId={signal.job_id} symbol={signal.symbol} />,
  },
  {
    key: "reason",
    heading: "Why",
    cell: (signal) => (
      <span className={styles.why}>{reasonText(signal.reason_code) || "The gate and the cost are passed."}</span>
    ),
  },
  { key: "asof", heading: "Known up to", cell: (signal) => <Instant at={signal.asof} form="short" /> },
  {
    key: "until",
    heading: "Valid until",
    cell: (signal) => (
      <span className={styles.until}>
        <Instant at={signal.valid_until} form="short" />
        <Badge tone={signal.valid ? "ok" : "warn"}>{signal.valid ? "valid" : "expired"}</Badge>
      </span>
    ),
  },
  {
    key: "job",
    heading: "Job",
    isNumber: true,
    cell: (signal) => <Link href={jobHref(signal.job_id)}>{signal.job_id}</Link>,
  },
];
