import type { Shape } from "../../api/client";
import { countText, UNKNOWN } from "../../format/numbers";
import { Badge } from "../../ui/Badge";
import type { Column } from "../../ui/DataTable";
import { Instant } from "../../ui/Instant";
import { DenseTable } from "../parts/DenseTable";
import { Facts } from "../parts/Facts";
import parts from "../parts/parts.module.css";
import { fieldText, valueText } from "../parts/values";
import { CertificateView } from "./CertificateView";
import styles from "./sessions.module.css";
import { type EventRecord, latenessText, statusTone } from "./words";

type MarketRecord = Shape<"SessionRecordsAnswer.SessionRecord">;
type Snapshot = NonNullable<MarketRecord["snapshot"]>;

const EVENTS: readonly Column<EventRecord>[] = [
  { key: "event", heading: "Event", cell: (one) => one.event },
  {
    key: "status",
    heading: "Status",
    cell: (one) => (
      <div className={parts.wrap}>
        <Badge tone={statusTone(one)}>{one.status}</Badge> {latenessText(one)}
        {one.reason && <div className="quiet">{one.reason}</div>}
      </div>
    ),
  },
  { key: "due", heading: "Due", cell: (one) => <Instant at={one.due_at} form="short" /> },
  { key: "done", heading: "Done", cell: (one) => <Instant at={one.done_at} form="short" /> },
];

/** A market's session whole: its events, its certificate, and what is known of its data. */
export function SessionRecord({ record }: { record: MarketRecord }) {
  return (
    <div className={styles.record}>
      <h3>{record.market.replaceAll("_", " ")}</h3>
      <p className="quiet">
        <Instant at={record.session_open} form="short" market={record.market} /> to{" "}
        <Instant at={record.session_close} form="short" market={record.market} />
      </p>
      {record.events.length === 0 ? (
        <p className="quiet">No open or close is recorded: Thor did not run then, or the session is yet to come.</p>
      ) : (
        <DenseTable caption="Open and close" columns={EVENTS} rows={record.events} keyOf={(one) => one.event} />
      )}
      {record.certificate === null ? (
        <p className="quiet">No certificate yet: it is made once the session is closed.</p>
      ) : (
        <CertificateView certificate={record.certificate} />
      )}
      {record.snapshot === null ? (
        <p className="quiet">No snapshot: it begins at the open.</p>
      ) : (
        <SnapshotView snapshot={record.snapshot} />
      )}
    </div>
  );
}

function SnapshotView({ snapshot }: { snapshot: Snapshot }) {
  const ticks = Object.entries(snapshot.by_symbol).sort(([a], [b]) => a.localeCompare(b));
  const prices = Object.entries(snapshot.baseline).sort(([a], [b]) => a.localeCompare(b));
  return (
    <>
      <h3>Snapshot</h3>
      <Facts
        facts={[
          { name: "begun", value: <Instant at={snapshot.created_at} form="short" /> },
          { name: "completed", value: <Instant at={snapshot.completed_at} form="short" />, title: "at the close" },
          { name: "ticks", value: countText(snapshot.ticks) },
          { name: "symbols", value: countText(snapshot.symbols) },
          { name: "first tick", value: <Instant at={snapshot.first_ts} form="short" /> },
          { name: "last tick", value: <Instant at={snapshot.last_ts} form="short" /> },
          ...Object.entries(snapshot.quality).map(([name, value]) => ({
            name: fieldText(name),
            value: valueText(value),
          })),
        ]}
      />
      <p className={styles.line}>
        <b>Ticks by symbol</b> {ticks.map(([symbol, count]) => `${symbol} ${countText(count)}`).join(", ") || UNKNOWN}
      </p>
      <p className={styles.line}>
        <b>Last prices of the session before</b>{" "}
        {prices
          .map(([symbol, one]) => `${symbol} ${one.price.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "")}`)
          .join(", ") || "none known"}
      </p>
    </>
  );
}
