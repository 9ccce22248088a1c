import { useState } from "react";
import { useLocation } from "wouter";
import { Restricted } from "../../caller/Restricted";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ErrorNote } from "../../ui/states";
import { isFinished, type Job, jobHref } from "./jobs";
import { useJobOrders } from "./queries";

/** What can be done with a job: have it end, after a question, or ask the same again. */
export function JobActions({ job }: { job: Job }) {
  const [isAsking, setAsking] = useState(false);
  const [, go] = useLocation();
  const { cancel, retry } = useJobOrders();
  const canRetry = job.status === "failed" || job.status === "cancelled";
  return (
    <>
      <Restricted to="operator" isTold={canRetry || !isFinished(job)}>
        {!isFinished(job) && (
          <Button kind="danger" disabled={job.cancel_asked || cancel.isPending} onClick={() => setAsking(true)}>
            {job.cancel_asked ? "Cancelling…" : "Cancel"}
          </Button>
        )}
        {canRetry && (
          <Button
            disabled={retry.isPending}
            onClick={() => retry.mutate(job.id, { onSuccess: (made) => go(jobHref(made.job.id)) })}
          >
            Try again
          </Button>
        )}
      </Restricted>
      {retry.error && <ErrorNote error={retry.error} />}
      {isAsking && (
        <Dialog title={`Cancel analysis ${job.id}?`} onClose={() => setAsking(false)}>
          <div className="stack">
            <p>What it has worked out so far is thrown away. It can be asked for again.</p>
            {cancel.error && <ErrorNote error={cancel.error} />}
            <div className="row">
              <Button
                kind="danger"
                disabled={cancel.isPending || isFinished(job)}
                onClick={() => cancel.mutate(job.id, { onSuccess: () => setAsking(false) })}
              >
                Cancel the analysis
              </Button>
              <Button onClick={() => setAsking(false)}>Let it go on</Button>
            </div>
          </div>
        </Dialog>
      )}
    </>
  );
}
