import type { Shape } from "../../api/client";
import { useBalance } from "../../api/operations";
import { countText } from "../../format/numbers";
import { dayText } from "../../format/times";
import { Badge, type Tone } from "../../ui/Badge";
import type { Column } from "../../ui/DataTable";
import { Instant } from "../../ui/Instant";
import { Panel } from "../../ui/Panel";
import { Empty, QueryView } from "../../ui/states";
import { DenseTable } from "../parts/DenseTable";
import { DayField } from "../parts/Filters";
import { useFilters } from "../parts/useFilters";
import styles from "./pipeline.module.css";

type Account = Shape<"AccountAnswer">;
type Row = Account["balances"][number];
type Count = keyof Account["totals"];

const TONES: Record<Account["verdict"], Tone> = {
  balanced: "ok",
  in_flight: "info",
  unexplained: "bad",
  surplus: "warn",
};
const MEANINGS: Record<Account["verdict"], string> = {
  balanced: "nothing is missing; what is lost is known and counted",
  in_flight: "events are on their way",
  unexplained: "events are missing that nothing explains",
  surplus: "more is accounted for than was published",
};
const COUNTS: readonly (readonly [Count, string, string])[] = [
  ["published", "published", "events that were published, and those that a collector announced as dropped"],
  ["stored", "stored", "rows of the database, and of the lake for days that left it"],
  ["dead", "dead", "dead letters that are open or discarded"],
  ["duplicates", "duplicates", "entries whose event was stored already"],
  ["lost", "lost", "what is known to be gone"],
  ["in_flight", "in flight", "on the way, or not yet found lost; negative: entries that Thor did not publish"],
];
const COLUMNS: readonly Column<Row>[] = [
  { key: "source", heading: "Source", cell: (row) => row.source },
  { key: "symbol", heading: "Symbol", cell: (row) => row.symbol },
  ...COUNTS.map(([key, heading, title]) => ({
    key,
    heading: heading[0]?.toUpperCase() + heading.slice(1),
    title,
    isNumber: true,
    cell: (row: Row) => countText(row[key]),
  })),
  { key: "verdict", heading: "Verdict", cell: (row) => <Verdict verdict={row.verdict} /> },
];

/** What became of the events of a trading day, in all and by source and symbol. */
export function Balance() {
  const [{ day }, choose] = useFilters(["day"]);
  const balance = useBalance(day || undefined);
  return (
    <Panel
      title={`Balance${balance.data ? ` of ${dayText(balance.data.day)}` : ""}`}
      flush
      actions={
        <DayField label="Trading day (empty: the running one)" value={day} onChange={(to) => choose({ day: to })} />
      }
    >
      <QueryView query={balance} what="balance">
        {(told) => (
          <>
            <Sum told={told} />
            {told.balances.length === 0 ? (
              <Empty title="Nothing was balanced of this day">
                Either nothing was published of it, or it was not balanced yet: that is done every five minutes of a
                session and after its close.
              </Empty>
            ) : (
              <DenseTable
                caption="Balance by source and symbol"
                columns={COLUMNS}
                rows={told.balances}
                keyOf={(row) => row.source + row.symbol}
              />
            )}
          </>
        )}
      </QueryView>
    </Panel>
  );
}

function Sum({ told }: { told: Account }) {
  if (told.at === null) return null;
  return (
    <div className={styles.sum}>
      {COUNTS.map(([key, text, title], index) => (
        <div key={key} className="row">
          {index > 0 && <span aria-hidden="true">{index === 1 ? "=" : "+"}</span>}
          <div className={styles.term} title={title}>
            <b>{countText(told.totals[key])}</b>
            <span>{text}</span>
          </div>
        </div>
      ))}
      <div className="row">
        <Verdict verdict={told.verdict} />
        <span className="quiet">
          {MEANINGS[told.verdict]}; balanced <Instant at={told.at} form="time" />
        </span>
      </div>
    </div>
  );
}

function Verdict({ verdict }: { verdict: Account["verdict"] }) {
  return (
    <Badge tone={TONES[verdict]} title={MEANINGS[verdict]}>
      {verdict.replace("_", " ")}
    </Badge>
  );
}
