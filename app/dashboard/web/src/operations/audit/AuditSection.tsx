import { type AuditEntry, useAudit } from "../../api/operations";
import { useMay } from "../../caller/Caller";
import { WhyNot } from "../../caller/Restricted";
import { Badge, type Tone } from "../../ui/Badge";
import type { Column } from "../../ui/DataTable";
import { Instant } from "../../ui/Instant";
import { Panel } from "../../ui/Panel";
import { Empty, QueryView } from "../../ui/states";
import { DenseTable } from "../parts/DenseTable";
import { Filters, Pager, TextField } from "../parts/Filters";
import parts from "../parts/parts.module.css";
import { useFilters, usePages } from "../parts/useFilters";
import { valueText } from "../parts/values";

const TONES: Readonly<Record<AuditEntry["outcome"], Tone>> = { done: "ok", refused: "warn", failed: "bad" };

const COLUMNS: readonly Column<AuditEntry>[] = [
  { key: "at", heading: "At", cell: (one) => <Instant at={one.at} form="short" /> },
  { key: "actor", heading: "Who", cell: (one) => one.actor },
  { key: "action", heading: "What", cell: (one) => one.action },
  { key: "subject", heading: "To what", cell: (one) => one.subject },
  {
    key: "outcome",
    heading: "Outcome",
    cell: (one) => <Badge tone={TONES[one.outcome]}>{one.outcome}</Badge>,
  },
  { key: "address", heading: "From", cell: (one) => one.address || "a command" },
  {
    key: "facts",
    heading: "More",
    title: "with the id of the request, under which the log has it too",
    cell: (one) => (
      <>
        {Object.keys(one.facts).length > 0 && <div className={parts.wrap}>{valueText(one.facts)}</div>}
        {one.request_id !== "" && <code className="quiet">{one.request_id}</code>}
      </>
    ),
  },
];

/** What was done, by whom and from where, the newest first; for admins. */
export function AuditSection() {
  const { may, reason } = useMay("admin", "see this");
  const [chosen, choose] = useFilters(["actor", "action"]);
  const asked = { actor: chosen.actor || undefined, action: chosen.action || undefined };
  const pages = usePages(JSON.stringify(asked));
  const audit = useAudit({ ...asked, cursor: pages.cursor }, may);
  if (!may) {
    return (
      <Panel title="Audit">
        <WhyNot reason={reason} />
      </Panel>
    );
  }
  const { entries = [] } = audit.data ?? {};
  const actors = [...new Set(entries.map((one) => one.actor))];
  const actions = [...new Set(entries.map((one) => one.action))];
  return (
    <Panel
      title="Audit"
      flush
      actions={
        <Filters>
          <TextField label="Who" value={chosen.actor} choices={actors} onChange={(actor) => choose({ actor })} />
          <TextField label="What" value={chosen.action} choices={actions} onChange={(action) => choose({ action })} />
        </Filters>
      }
    >
      <QueryView
        query={audit}
        what="audit"
        isEmpty={(told) => told.entries.length === 0}
        empty={<Empty title="Nothing was done that these filters let through">They take whole names.</Empty>}
      >
        {(told) => (
          <>
            <DenseTable caption="Audit, newest first" columns={COLUMNS} rows={told.entries} keyOf={(one) => one.id} />
            <Pager pages={pages} next={told.next_cursor} />
          </>
        )}
      </QueryView>
    </Panel>
  );
}
