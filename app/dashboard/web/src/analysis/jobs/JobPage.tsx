import { Link } from "wouter";
import { Badge } from "../../ui/Badge";
import { Panel } from "../../ui/Panel";
import { Empty, QueryView } from "../../ui/states";
import { ResultsView } from "../results/ResultsView";
import { ExportLinks } from "./ExportLinks";
import { JobActions } from "./JobActions";
import { JobFacts } from "./JobFacts";
import styles from "./Jobs.module.css";
import { isFinished, type Job, statusOf, statusTone } from "./jobs";
import { Progress } from "./Progress";
import { useFollowedJob } from "./useFollowedJob";

/** An analysis: how far it is, and when it is done what it found; `shown` is the symbol or part that is looked at. */
export function JobPage({ id, shown }: { id: number; shown: string | null }) {
  if (!Number.isSafeInteger(id) || id < 1) {
    return (
      <Empty title="There is no such page">
        <Link href="/analysis">Back to the analyses</Link>
      </Empty>
    );
  }
  return <KnownJob id={id} shown={shown} />;
}

function KnownJob({ id, shown }: { id: number; shown: string | null }) {
  const { query, isFollowed } = useFollowedJob(id);
  return (
    <div className="stack">
      <nav aria-label="Where this is">
        <Link href="/analysis">Analysis</Link> <span aria-hidden="true">›</span> {id}
      </nav>
      <QueryView query={query} what={`analysis ${id}`}>
        {(job) => (
          <>
            <div className={styles.top}>
              <h1>
                {job.symbols.join(" ")} <Badge tone={statusTone(job.status)}>{statusOf(job)}</Badge>
              </h1>
              <div className="row">
                {job.status === "done" && <ExportLinks id={id} />}
                <JobActions job={job} />
              </div>
            </div>
            <Panel title={`Analysis ${job.id}, ${job.kind}`}>
              <div className="stack">
                <Standing job={job} isFollowed={isFollowed} />
                <JobFacts job={job} />
              </div>
            </Panel>
            {job.status === "done" && <ResultsView job={job} shown={shown} />}
          </>
        )}
      </QueryView>
    </div>
  );
}

/** What becomes of a job that has no results, said to screen readers as it changes. */
function Standing({ job, isFollowed }: { job: Job; isFollowed: boolean }) {
  if (job.status === "done") return null;
  if (!isFinished(job)) {
    return (
      <div aria-live="polite">
        <Progress job={job} />
        <p className="quiet">{isFollowed ? "Followed as it goes on." : "Asked every two seconds."}</p>
      </div>
    );
  }
  const isFailed = job.status === "failed";
  return (
    <div role={isFailed ? "alert" : "status"}>
      <Empty title={isFailed ? `It failed: ${job.error ?? "nobody knows why"}` : "It was cancelled"}>
        There are no results. “Try again” asks the same question anew.
      </Empty>
    </div>
  );
}
