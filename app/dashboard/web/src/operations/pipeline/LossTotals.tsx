import { Link } from "wouter";
import { useLosses } from "../../api/operations";
import { countText, UNKNOWN } from "../../format/numbers";
import type { Column } from "../../ui/DataTable";
import { Panel } from "../../ui/Panel";
import { QueryView } from "../../ui/states";
import { LOSS_KINDS } from "../gaps/gaps";
import { DenseTable } from "../parts/DenseTable";
import parts from "../parts/parts.module.css";
import { fieldText } from "../parts/values";
import { addressOf } from "../sections";

interface Row {
  readonly kind: string;
  readonly meaning: string;
  readonly count: number | undefined;
}

const COLUMNS: readonly Column<Row>[] = [
  {
    key: "kind",
    heading: "Kind",
    cell: (row) => <Link href={`${addressOf("gaps")}?loss=${row.kind}`}>{fieldText(row.kind)}</Link>,
  },
  {
    key: "count",
    heading: "Events",
    isNumber: true,
    cell: (row) => (row.count === undefined ? UNKNOWN : countText(row.count)),
  },
  {
    key: "meaning",
    heading: "What it means",
    cell: (row) => <div className={`quiet ${parts.wrap}`}>{row.meaning}</div>,
  },
];

/** How many events were ever lost, by the kind of evidence; each kind leads to its list. */
export function LossTotals() {
  const losses = useLosses({ limit: 1 });
  return (
    <Panel title="Ever lost" flush>
      <QueryView query={losses} what="losses">
        {(told) => (
          <DenseTable
            caption="Events ever lost, by kind"
            columns={COLUMNS}
            rows={Object.entries(LOSS_KINDS).map(([kind, meaning]) => ({ kind, meaning, count: told.totals[kind] }))}
            keyOf={(row) => row.kind}
          />
        )}
      </QueryView>
    </Panel>
  );
}
