import { decimalText } from "../format/numbers";
import { Badge } from "../ui/Badge";
import { type Column, DataTable } from "../ui/DataTable";
import { Panel } from "../ui/Panel";
import { QueryView } from "../ui/states";
import { type Data, dataOf, leftOutOf, outlooksOf, signalsOf, type Together, togetherOf } from "./brief";
import { FigureCell } from "./FigureCell";
import { useReport } from "./ladders";
import { Outlooks } from "./Outlooks";
import styles from "./ReportPanels.module.css";
import { Signals } from "./Signals";
import { WholeReport } from "./WholeReport";
import type { Ladder } from "./words";

/** The report of a ladder in short, and whole. */
export function ReportPanels({ ladder }: { ladder: Ladder }) {
  const { market, session_date: day, sha256 } = ladder;
  const report = useReport(market, day, sha256);
  return (
    <>
      <QueryView query={report} what="report">
        {(told) => (
          <>
            <Panel title="What it recommends" actions={<Limit together={togetherOf(told)} />} flush>
              <Signals signals={signalsOf(told)} opensAt={ladder.opens_at} market={market} />
              <LeftOut symbols={leftOutOf(told)} />
            </Panel>
            <Panel title="Where prices are to be expected, and what may be lost" flush>
              <Outlooks outlooks={outlooksOf(told)} />
            </Panel>
            <Panel title="What data it rests on" flush>
              <DataTable caption="Data of the report" columns={DATA} rows={dataOf(told)} keyOf={(one) => one.symbol} />
            </Panel>
          </>
        )}
      </QueryView>
      <WholeReport market={market} day={day} version={sha256} />
    </>
  );
}

function Limit({ together }: { together: Together }) {
  const { sum, limit, factor } = together;
  if (typeof sum?.value !== "number" || typeof limit?.value !== "number") return null;
  const scale = typeof factor?.value === "number" && factor.value < 1 ? factor : null;
  return (
    <span className={styles.limit}>
      <span className="quiet">99 % loss in a session, of all positions by themselves</span>
      <FigureCell
        name="99 % loss of all positions"
        figure={sum}
        text={`${decimalText(sum.value, 0)} of ${decimalText(limit.value, 0)} ${limit.unit ?? ""} allowed`}
      />
      {scale && <Badge tone="warn">scaled by {decimalText(Number(scale.value), 2)} to stay within it</Badge>}
    </span>
  );
}

function LeftOut({ symbols }: { symbols: readonly (readonly [string, string])[] }) {
  if (symbols.length === 0) return null;
  return (
    <ul className={styles.leftOut}>
      {symbols.map(([symbol, why]) => (
        <li key={symbol}>
          <Badge tone="warn">left out</Badge> <strong>{symbol}</strong> {why}
        </li>
      ))}
    </ul>
  );
}

const DATA: readonly Column<Data>[] = [
  { key: "symbol", heading: "Symbol", cell: (one) => <strong>{one.symbol}</strong> },
  {
    key: "verdict",
    heading: "Quality",
    cell: (one) => <Badge tone={one.verdict === "ok" ? "ok" : "warn"}>{one.verdict || "not known"}</Badge>,
  },
  { key: "source", heading: "Source", cell: (one) => one.source || "–" },
  { key: "days", heading: "Days", cell: (one) => (one.days === " to " ? "–" : one.days) },
  { key: "reasons", heading: "What is amiss", cell: (one) => one.reasons.join("; ") },
];
