import { useState } from "react";
import { answered, api, type Shape } from "../../api/client";
import { Restricted } from "../../caller/Restricted";
import { Button } from "../../ui/Button";
import { ErrorNote } from "../../ui/states";
import { Confirm } from "../parts/Confirm";
import { Done } from "../parts/Done";
import parts from "../parts/parts.module.css";
import { useWrite } from "../parts/useWrite";
import { outcomeText } from "./letters";

const CHANGES = ["dead-letter", "dead-letters", "accounting"];

/** Store a letter's event after all, try what would come of that, or close it for good. */
export function LetterOrders({ letter }: { letter: Shape<"LetterAnswer"> }) {
  const params = { path: { letter_id: letter.id } };
  const [isDiscarding, setDiscarding] = useState(false);
  const [note, setNote] = useState("");
  const redrive = useWrite(
    (dry_run: boolean) => answered(api.POST("/api/dead-letters/{letter_id}/redrive", { params, body: { dry_run } })),
    CHANGES,
  );
  const discard = useWrite(
    () => answered(api.POST("/api/dead-letters/{letter_id}/discard", { params, body: { note: note.trim() } })),
    CHANGES,
  );
  const isBusy = redrive.isPending || discard.isPending;
  return (
    <div className="stack">
      {redrive.isSuccess && (
        <Done>
          {outcomeText(redrive.data.outcome, redrive.variables)}
          {redrive.data.reason && `: ${redrive.data.reason}`}
        </Done>
      )}
      {redrive.isError && <ErrorNote error={redrive.error} />}
      {discard.isSuccess && <Done>The letter was discarded.</Done>}
      {letter.state === "open" && (
        <Restricted to="operator">
          <div className="row">
            <Button kind="primary" disabled={isBusy} onClick={() => redrive.mutate(false)}>
              Re-drive
            </Button>
            <Button
              disabled={isBusy}
              title="Tell what would come of it, and change nothing"
              onClick={() => redrive.mutate(true)}
            >
              Try only
            </Button>
            <Button kind="danger" disabled={isBusy} onClick={() => setDiscarding(true)}>
              Discard…
            </Button>
          </div>
        </Restricted>
      )}
      {isDiscarding && (
        <Confirm
          title={`Discard letter ${letter.id}?`}
          act="Discard for good"
          isRunning={discard.isPending}
          isReady={note.trim() !== ""}
          error={discard.error}
          onAct={() => discard.mutate(undefined, { onSuccess: () => setDiscarding(false) })}
          onClose={() => setDiscarding(false)}
        >
          <p>Its event is never stored. The letter stays on record, with this reason.</p>
          <label className={parts.field}>
            <span>Reason (needed)</span>
            <input value={note} maxLength={400} onChange={(event) => setNote(event.target.value)} />
          </label>
        </Confirm>
      )}
    </div>
  );
}
