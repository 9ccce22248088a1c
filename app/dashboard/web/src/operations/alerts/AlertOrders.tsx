import { useState } from "react";
import { answered, api } from "../../api/client";
import type { Alert } from "../../api/operations";
import { Restricted } from "../../caller/Restricted";
import { Button } from "../../ui/Button";
import { ErrorNote } from "../../ui/states";
import { Confirm } from "../parts/Confirm";
import { Done } from "../parts/Done";
import parts from "../parts/parts.module.css";
import { useWrite } from "../parts/useWrite";

type Order = "acknowledge" | "resolve";

function give(alert_id: number, order: Order, body: { by: null; note: string }) {
  const asked = { params: { path: { alert_id } }, body };
  return order === "acknowledge"
    ? answered(api.POST("/api/alerts/{alert_id}/acknowledge", asked))
    : answered(api.POST("/api/alerts/{alert_id}/resolve", asked));
}

/** Say that one sees to an alert, or end it, with a note for others; Thor knows who one is. */
export function AlertOrders({ alert }: { alert: Alert }) {
  const [note, setNote] = useState("");
  const [isEnding, setEnding] = useState(false);
  const body = { by: null, note: note.trim() };
  const write = useWrite((order: Order) => give(alert.id, order, body), ["alerts", "alert"]);
  if (alert.resolved_at !== null && !write.isSuccess)
    return <p className="quiet">It is over: nothing is to be done.</p>;
  return (
    <div className="stack">
      {write.isSuccess && (
        <Done>
          {write.variables === "resolve" ? "The alert was ended." : `${write.data.acknowledged_by} sees to it.`}
        </Done>
      )}
      {write.isError && !isEnding && <ErrorNote error={write.error} />}
      {alert.resolved_at === null && (
        <Restricted to="operator">
          <div className={parts.filters}>
            <label className={`${parts.field} ${parts.grows}`}>
              <span>Note for others</span>
              <input value={note} maxLength={400} onChange={(event) => setNote(event.target.value)} />
            </label>
            <Button
              kind="primary"
              disabled={write.isPending || alert.acknowledged_at !== null}
              title={alert.acknowledged_at === null ? undefined : "Somebody sees to it already"}
              onClick={() => write.mutate("acknowledge")}
            >
              I see to it
            </Button>
            <Button kind="danger" disabled={write.isPending} onClick={() => setEnding(true)}>
              End it…
            </Button>
          </div>
        </Restricted>
      )}
      {isEnding && (
        <Confirm
          title={`End alert ${alert.id}?`}
          act="End the alert"
          isRunning={write.isPending}
          error={write.error}
          onAct={() => write.mutate("resolve", { onSuccess: () => setEnding(false) })}
          onClose={() => setEnding(false)}
        >
          <p>Where the cause is still there, its rule raises another alert within seconds.</p>
        </Confirm>
      )}
    </div>
  );
}
