import { type Gap, SOURCES, useGaps } from "../../api/operations";
import { dayText } from "../../format/times";
import { Badge } from "../../ui/Badge";
import type { Column } from "../../ui/DataTable";
import { Instant } from "../../ui/Instant";
import { Panel } from "../../ui/Panel";
import { Empty, QueryView } from "../../ui/states";
import { DenseTable } from "../parts/DenseTable";
import { Choice, DayField, Filters, Pager, SymbolField } from "../parts/Filters";
import { oneOf, useFilters, usePages } from "../parts/useFilters";
import { fieldText } from "../parts/values";
import { GAP_KINDS, GAP_STATES, lengthText, numbersText, stateOf, symbolsText } from "./gaps";
import styles from "./gaps.module.css";
import { LossesPanel } from "./LossesPanel";

const COLUMNS: readonly Column<Gap>[] = [
  {
    key: "state",
    heading: "State",
    cell: (gap) => (
      <Badge tone={stateOf(gap).tone} title={stateOf(gap).meaning}>
        {gap.state}
      </Badge>
    ),
  },
  { key: "kind", heading: "Kind", cell: (gap) => gap.kind },
  { key: "source", heading: "Source", cell: (gap) => gap.source },
  { key: "day", heading: "Trading day", cell: (gap) => dayText(gap.session_date) },
  {
    key: "length",
    heading: "Length",
    isNumber: true,
    title: "of a sequence, the events that are missing, and between which numbers",
    cell: (gap) => (
      <>
        {lengthText(gap)}
        {numbersText(gap) !== null && <div className="quiet">{numbersText(gap)}</div>}
      </>
    ),
  },
  { key: "from", heading: "From", cell: (gap) => <Instant at={gap.from_ts} form="short" /> },
  { key: "to", heading: "To", cell: (gap) => <Instant at={gap.to_ts} form="short" /> },
  { key: "symbols", heading: "Symbols", cell: (gap) => <div className={styles.symbols}>{symbolsText(gap)}</div> },
  { key: "cause", heading: "Evidence", title: "the losses that explain it", cell: (gap) => fieldText(gap.cause) },
  {
    key: "found",
    heading: "Found",
    cell: (gap) => (
      <>
        <Instant at={gap.found_at} form="short" />
        {gap.closed_at !== null && (
          <div className="quiet">
            closed <Instant at={gap.closed_at} form="short" />
          </div>
        )}
      </>
    ),
  },
];

/** What storage lacks, and what is known to be gone; both lists follow the same source, symbol and day. */
export function GapsSection() {
  const [chosen, choose] = useFilters(["source", "symbol", "day", "kind", "state", "loss"]);
  const about = {
    source: oneOf(chosen.source, SOURCES),
    symbol: chosen.symbol || undefined,
    day: chosen.day || undefined,
  };
  return (
    <div className="stack">
      <Filters>
        <Choice
          label="Source"
          value={chosen.source}
          options={[["", "all"], ...SOURCES.map((one) => [one, one] as const)]}
          onChange={(source) => choose({ source })}
        />
        <SymbolField value={chosen.symbol} onChange={(symbol) => choose({ symbol })} />
        <DayField label="Trading day" value={chosen.day} onChange={(day) => choose({ day })} />
      </Filters>
      <GapsPanel about={about} kind={chosen.kind} state={chosen.state} choose={choose} />
      <LossesPanel about={about} kind={chosen.loss} choose={(loss) => choose({ loss })} />
    </div>
  );
}

function GapsPanel({
  about,
  kind,
  state,
  choose,
}: {
  about: Pick<Parameters<typeof useGaps>[0], "source" | "symbol" | "day">;
  kind: string;
  state: string;
  choose: (change: { kind?: string; state?: string }) => void;
}) {
  const asked = { ...about, kind: oneOf(kind, GAP_KINDS), state: oneOf(state, GAP_STATES) };
  const pages = usePages(JSON.stringify(asked));
  const gaps = useGaps({ ...asked, cursor: pages.cursor });
  const filters = (
    <Filters>
      <Choice
        label="Kind"
        value={kind}
        options={[["", "all"], ...GAP_KINDS.map((one) => [one, one] as const)]}
        onChange={(to) => choose({ kind: to })}
      />
      <Choice
        label="State"
        value={state}
        options={[["", "all"], ...GAP_STATES.map((one) => [one, one] as const)]}
        onChange={(to) => choose({ state: to })}
      />
    </Filters>
  );
  return (
    <Panel title="Gaps" flush actions={filters}>
      <QueryView
        query={gaps}
        what="gaps"
        isEmpty={(told) => told.gaps.length === 0}
        empty={<Empty title="Storage lacks nothing that these filters let through" />}
      >
        {(told) => (
          <>
            <DenseTable caption="Gaps, newest found first" columns={COLUMNS} rows={told.gaps} keyOf={(gap) => gap.id} />
            <Pager pages={pages} next={told.next_cursor} />
          </>
        )}
      </QueryView>
    </Panel>
  );
}
