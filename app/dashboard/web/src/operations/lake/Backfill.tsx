import { useState } from "react";
import { answered, api, type Shape } from "../../api/client";
import { Restricted } from "../../caller/Restricted";
import { dayText } from "../../format/times";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import type { Column } from "../../ui/DataTable";
import { Dialog } from "../../ui/Dialog";
import { ErrorNote } from "../../ui/states";
import { DenseTable } from "../parts/DenseTable";
import { Done } from "../parts/Done";
import { DayField, Filters } from "../parts/Filters";
import { useWrite } from "../parts/useWrite";
import { STATES } from "./grid";

type Day = Shape<"BackfillAnswer.BackfillDay">;

const NONE = { no_session: "no session on that day", no_ticks: "no ticks are stored of it" };
const COLUMNS: readonly Column<Day>[] = [
  { key: "date", heading: "Trading day", cell: (day) => dayText(day.date) },
  { key: "state", heading: "State", title: "the worst of the day's files", cell: stateOf },
  {
    key: "queued",
    heading: "Asked for",
    cell: (day) => (day.queued ? <Badge tone="info">queued</Badge> : <span className="quiet">{whyNot(day)}</span>),
  },
];

/** Have the workers write what the lake lacks of some days; the answer is shown day by day. */
export function Backfill({ start, end, onClose }: { start: string; end: string; onClose: () => void }) {
  const [range, setRange] = useState({ start, end });
  const write = useWrite(
    (body: { start: string; end: string }) => answered(api.POST("/api/lake/backfill", { body })),
    ["lake"],
  );
  const isWhole = range.start !== "" && range.end !== "" && range.start <= range.end;
  return (
    <Dialog title="Write what is missing" onClose={onClose}>
      <div className="stack">
        <p>
          The workers write files that are missing, stale or damaged, of ticks and bars, for the trading days from the
          first to the last, 366 at most. What is right is left alone.
        </p>
        <Filters>
          <DayField label="First day" value={range.start} onChange={(day) => setRange({ ...range, start: day })} />
          <DayField label="Last day" value={range.end} onChange={(day) => setRange({ ...range, end: day })} />
        </Filters>
        {!isWhole && <p className="quiet">Give the first and the last day.</p>}
        {write.isError && <ErrorNote error={write.error} />}
        {write.isSuccess && (
          <>
            <Done>
              {write.data.queued === 0
                ? "Nothing had to be asked for."
                : `Days whose export was asked for: ${write.data.queued}. The grid shows how it goes on.`}
            </Done>
            <DenseTable caption="Answer by day" columns={COLUMNS} rows={write.data.days} keyOf={(day) => day.date} />
          </>
        )}
        <Restricted to="operator">
          <div className="row">
            <Button kind="primary" disabled={!isWhole || write.isPending} onClick={() => write.mutate(range)}>
              {write.isPending ? "…" : "Write what is missing"}
            </Button>
          </div>
        </Restricted>
      </div>
    </Dialog>
  );
}

function stateOf({ state }: Day) {
  if (state === "no_session" || state === "no_ticks") return <span className="quiet">{state.replace("_", " ")}</span>;
  return <Badge tone={STATES[state].tone}>{state}</Badge>;
}

function whyNot({ state }: Day): string {
  if (state === "no_session" || state === "no_ticks") return NONE[state];
  if (state === "running") return "the session is not over";
  return state === "damaged" || state === "missing" ? "only a backup can bring it back" : "nothing to do";
}
