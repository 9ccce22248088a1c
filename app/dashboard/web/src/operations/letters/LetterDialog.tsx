import { useQuery } from "@tanstack/react-query";
import { answered, api, type Shape } from "../../api/client";
import { UNKNOWN } from "../../format/numbers";
import { dayText } from "../../format/times";
import { Badge } from "../../ui/Badge";
import type { Column } from "../../ui/DataTable";
import { Dialog } from "../../ui/Dialog";
import { Instant } from "../../ui/Instant";
import { QueryView } from "../../ui/states";
import { DenseTable } from "../parts/DenseTable";
import { Facts } from "../parts/Facts";
import parts from "../parts/parts.module.css";
import { valueText } from "../parts/values";
import { ClosedFields } from "./ClosedFields";
import { CorrectionForm } from "./CorrectionForm";
import { LetterOrders } from "./LetterOrders";
import { letterTone } from "./letters";

type Whole = Shape<"LetterAnswer">;
type Action = Whole["actions"][number];

const ACTIONS: readonly Column<Action>[] = [
  { key: "at", heading: "At", cell: (one) => <Instant at={one.at} form="short" /> },
  { key: "action", heading: "What was done", cell: (one) => one.action },
  { key: "actor", heading: "By", cell: (one) => one.actor },
  { key: "note", heading: "Note", cell: (one) => <div className={parts.wrap}>{one.note || "none"}</div> },
  {
    key: "fields",
    heading: "Fields",
    cell: (one) => one.fields !== null && <div className={parts.wrap}>{valueText(one.fields)}</div>,
  },
];

/** A dead letter whole: why it is one, its fields with their correction, and what was and can be done with it. */
export function LetterDialog({ id, onClose }: { id: number; onClose: () => void }) {
  const letter = useQuery({
    queryKey: ["dead-letter", id],
    queryFn: ({ signal }) =>
      answered(api.GET("/api/dead-letters/{letter_id}", { params: { path: { letter_id: id } }, signal })),
  });
  return (
    <Dialog title={`Dead letter ${id}`} onClose={onClose}>
      <QueryView query={letter} what="letter">
        {(told) => (
          <div className="stack">
            <div className="row">
              <Badge tone={letterTone(told.state)}>{told.state}</Badge>
              <strong>{told.reason}</strong>
            </div>
            <Facts
              facts={[
                { name: "kind", value: told.kind },
                { name: "source", value: told.source ?? UNKNOWN },
                { name: "symbol", value: told.symbol ?? UNKNOWN },
                { name: "trading day", value: dayText(told.session_date) },
                { name: "came", value: <Instant at={told.first_seen} /> },
                { name: "closed", value: <Instant at={told.resolved_at} /> },
                { name: "entry of the stream", value: told.stream_id },
                { name: "kept whole", value: told.truncated ? "no: cut fields must be set or taken away" : "yes" },
              ]}
            />
            {told.state === "open" ? (
              <>
                <p role="status">
                  {told.wrong === null ? (
                    <Badge tone="ok">can be stored as it is now</Badge>
                  ) : (
                    <>
                      <Badge tone="warn">cannot be stored yet</Badge> {told.wrong}
                    </>
                  )}
                </p>
                <CorrectionForm key={JSON.stringify(told.correction)} letter={told} />
              </>
            ) : (
              <ClosedFields letter={told} />
            )}
            <LetterOrders letter={told} />
            <h3>What was done with it</h3>
            {told.actions.length === 0 ? (
              <p className="quiet">Nothing yet.</p>
            ) : (
              <DenseTable
                caption="Actions"
                columns={ACTIONS}
                rows={told.actions}
                keyOf={(one) => one.at + one.action}
              />
            )}
          </div>
        )}
      </QueryView>
    </Dialog>
  );
}
