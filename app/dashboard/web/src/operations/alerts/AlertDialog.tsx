import { useQuery } from "@tanstack/react-query";
import { answered, api, type Shape } from "../../api/client";
import { Badge } from "../../ui/Badge";
import type { Column } from "../../ui/DataTable";
import { Dialog } from "../../ui/Dialog";
import { Instant } from "../../ui/Instant";
import { QueryView } from "../../ui/states";
import { severityTone } from "../overview/concerns";
import { DenseTable } from "../parts/DenseTable";
import { type Fact, Facts } from "../parts/Facts";
import { fieldText, valueText } from "../parts/values";
import { AlertOrders } from "./AlertOrders";
import { deliveryText, standingText } from "./alerts";

type Whole = Shape<"AlertWholeAnswer">;
type Message = Whole["deliveries"][number];

const MESSAGES: readonly Column<Message>[] = [
  { key: "channel", heading: "Channel", cell: (one) => one.channel },
  { key: "event", heading: "About", cell: (one) => `${one.event}, ${one.severity}` },
  { key: "outcome", heading: "What became of it", cell: deliveryText },
  { key: "at", heading: "At", cell: (one) => <Instant at={one.sent_at ?? one.gave_up_at ?? one.due_at} form="time" /> },
  { key: "attempts", heading: "Attempts", isNumber: true, cell: (one) => one.attempts },
  { key: "error", heading: "Last failure", cell: (one) => one.error || "none" },
];

/** An alert whole: its figures, the messages about it, and what can be done. */
export function AlertDialog({ id, onClose }: { id: number; onClose: () => void }) {
  const alert = useQuery({
    queryKey: ["alert", id],
    queryFn: ({ signal }) =>
      answered(api.GET("/api/alerts/{alert_id}", { params: { path: { alert_id: id } }, signal })),
    refetchInterval: 10_000,
  });
  return (
    <Dialog title={`Alert ${id}`} onClose={onClose}>
      <QueryView query={alert} what="alert">
        {(told) => (
          <div className="stack">
            <div className="row">
              <Badge tone={severityTone(told.severity)}>{told.severity}</Badge>
              <strong>
                {told.title}
                {told.subject && `: ${told.subject}`}
              </strong>
            </div>
            <p>{told.detail}</p>
            <Facts facts={factsOf(told)} />
            <AlertOrders alert={told} />
            <h3>Messages</h3>
            {told.deliveries.length === 0 ? (
              <p className="quiet">None: no channel is set up for it, or it is below the severity that is sent.</p>
            ) : (
              <DenseTable caption="Messages" columns={MESSAGES} rows={told.deliveries} keyOf={(one) => one.id} />
            )}
          </div>
        )}
      </QueryView>
    </Dialog>
  );
}

function factsOf(told: Whole): Fact[] {
  return [
    { name: "standing", value: standingText(told) },
    { name: "rule", value: fieldText(told.rule) },
    { name: "since", value: <Instant at={told.raised_at} /> },
    { name: "last found", value: <Instant at={told.seen_at} /> },
    { name: "not found so since", value: <Instant at={told.clear_since} /> },
    { name: "acknowledged", value: <Instant at={told.acknowledged_at} /> },
    { name: "over since", value: <Instant at={told.resolved_at} /> },
    { name: "note", value: told.note || "none" },
    ...Object.entries(told.facts).map(([name, value]) => ({ name: fieldText(name), value: valueText(value) })),
  ];
}
