import { answered, api, type Shape } from "../../api/client";
import { Restricted } from "../../caller/Restricted";
import { countText } from "../../format/numbers";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import type { Column } from "../../ui/DataTable";
import { Dialog } from "../../ui/Dialog";
import { ErrorNote } from "../../ui/states";
import { DenseTable } from "../parts/DenseTable";
import { Done } from "../parts/Done";
import parts from "../parts/parts.module.css";
import { useWrite } from "../parts/useWrite";
import { outcomeText, outcomeTone, type redriveScope, scopeText } from "./letters";

type Told = Shape<"RedrivesAnswer">;
type Outcome = Told["letters"][number];

const AT_ONCE = 100;

/** Re-drive all letters that the filters let through, a hundred at once: first what would come of it, then in earnest. */
export function RedriveMany({ scope, onClose }: { scope: ReturnType<typeof redriveScope>; onClose: () => void }) {
  const write = useWrite(
    ({ dry_run, after }: { dry_run: boolean; after: number }) =>
      answered(api.POST("/api/dead-letters/redrive", { body: { ...scope, dry_run, after, limit: AT_ONCE } })),
    ["dead-letters", "dead-letter", "accounting"],
  );
  const { data: told, variables: asked } = write;
  const isTried = write.isSuccess && told?.dry_run === true;
  const next = told?.next_after ?? null;
  return (
    <Dialog title="Re-drive many letters" onClose={onClose}>
      <div className="stack">
        <p>
          Meant are {scopeText(scope)}, the oldest first, {AT_ONCE} at once. Each is read as strictly as ingest reads
          it: what is refused stays open and holds up no other.
        </p>
        {write.isError && <ErrorNote error={write.error} />}
        {write.isSuccess && told && <Answer told={told} />}
        <Restricted to="operator">
          <div className="row">
            <Button disabled={write.isPending} onClick={() => write.mutate({ dry_run: true, after: 0 })}>
              Try only
            </Button>
            <Button
              kind="primary"
              disabled={write.isPending || !isTried}
              title={isTried ? undefined : "See first what would come of it"}
              onClick={() => write.mutate({ dry_run: false, after: asked?.after ?? 0 })}
            >
              Re-drive these
            </Button>
            {write.isSuccess && next !== null && (
              <Button disabled={write.isPending} onClick={() => write.mutate({ dry_run: true, after: next })}>
                Try the next
              </Button>
            )}
          </div>
        </Restricted>
      </div>
    </Dialog>
  );
}

function Answer({ told }: { told: Told }) {
  const columns: readonly Column<Outcome>[] = [
    { key: "id", heading: "Letter", isNumber: true, cell: (one) => one.id },
    {
      key: "outcome",
      heading: "Outcome",
      cell: (one) => <Badge tone={outcomeTone(one.outcome)}>{outcomeText(one.outcome, told.dry_run)}</Badge>,
    },
    { key: "reason", heading: "Reason", cell: (one) => <div className={parts.wrap}>{one.reason || "none"}</div> },
  ];
  return (
    <>
      <Done>
        {told.dry_run ? "Tried, nothing was changed: would be " : "Done: "}
        stored {countText(told.stored)}, stored already {countText(told.already_there)}, refused{" "}
        {countText(told.refused)}, closed by others {countText(told.passed_over)}.
        {told.next_after === null ? " These were all." : " There are more."}
      </Done>
      {told.letters.length > 0 && (
        <DenseTable caption="What came of each" columns={columns} rows={told.letters} keyOf={(one) => one.id} />
      )}
    </>
  );
}
