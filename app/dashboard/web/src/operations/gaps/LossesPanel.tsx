import { type Loss, type LossesAsked, useLosses } from "../../api/operations";
import { countText, UNKNOWN } from "../../format/numbers";
import { dayText } from "../../format/times";
import type { Column } from "../../ui/DataTable";
import { Instant } from "../../ui/Instant";
import { Panel } from "../../ui/Panel";
import { Empty, QueryView } from "../../ui/states";
import { DenseTable } from "../parts/DenseTable";
import { Choice, Pager } from "../parts/Filters";
import parts from "../parts/parts.module.css";
import { oneOf, usePages } from "../parts/useFilters";
import { fieldText, valueText } from "../parts/values";
import { LOSS_KINDS } from "./gaps";

const KINDS = Object.keys(LOSS_KINDS) as (keyof typeof LOSS_KINDS)[];
const COLUMNS: readonly Column<Loss>[] = [
  { key: "kind", heading: "Kind", cell: (one) => <span title={LOSS_KINDS[one.kind]}>{fieldText(one.kind)}</span> },
  { key: "count", heading: "Events", isNumber: true, cell: (one) => countText(one.count) },
  { key: "source", heading: "Source", cell: (one) => one.source ?? UNKNOWN },
  { key: "symbol", heading: "Symbol", cell: (one) => one.symbol ?? UNKNOWN },
  { key: "day", heading: "Trading day", cell: (one) => dayText(one.session_date) },
  {
    key: "part",
    heading: "Part of",
    isNumber: true,
    title: "a part of another loss adds nothing to what is lost",
    cell: (one) => one.parent_id ?? "",
  },
  {
    key: "evidence",
    heading: "Evidence",
    cell: (one) => (
      <div className={parts.wrap}>
        <code>{one.ref}</code>
        <div className="quiet">{valueText(one.detail)}</div>
      </div>
    ),
  },
  { key: "at", heading: "Observed", cell: (one) => <Instant at={one.observed_at} form="short" /> },
  { key: "id", heading: "Id", isNumber: true, cell: (one) => one.id },
];

/** Events that are gone, each with its evidence. */
export function LossesPanel({
  about,
  kind,
  choose,
}: {
  about: Pick<LossesAsked, "source" | "symbol" | "day">;
  kind: string;
  choose: (kind: string) => void;
}) {
  const asked = { ...about, kind: oneOf(kind, KINDS) };
  const pages = usePages(JSON.stringify(asked));
  const losses = useLosses({ ...asked, cursor: pages.cursor });
  const options = [["", "all"] as const, ...KINDS.map((one) => [one, fieldText(one)] as const)];
  return (
    <Panel title="Losses" flush actions={<Choice label="Kind" value={kind} options={options} onChange={choose} />}>
      <QueryView
        query={losses}
        what="losses"
        isEmpty={(told) => told.losses.length === 0}
        empty={<Empty title="Nothing is known to be lost that these filters let through" />}
      >
        {(told) => (
          <>
            <DenseTable caption="Losses, newest first" columns={COLUMNS} rows={told.losses} keyOf={(one) => one.id} />
            <Pager pages={pages} next={told.next_cursor} />
          </>
        )}
      </QueryView>
    </Panel>
  );
}
