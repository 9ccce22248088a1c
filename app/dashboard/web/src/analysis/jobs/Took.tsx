import { useServerNow } from "../../live/ServerClock";
import { isFinished, type Job, tookText } from "./jobs";

/** How long a job took, which goes on while it runs. */
export function Took({ job }: { job: Job }) {
  return isFinished(job) || job.started_at === null ? tookText(job, 0) : <RunsFor job={job} />;
}

function RunsFor({ job }: { job: Job }) {
  return tookText(job, useServerNow());
}
