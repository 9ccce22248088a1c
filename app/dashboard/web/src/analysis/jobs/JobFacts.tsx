import type { ReactNode } from "react";
import { Link } from "wouter";
import { Instant } from "../../ui/Instant";
import { factText } from "../results/blocks";
import { titleOf } from "../wording";
import styles from "./Jobs.module.css";
import { type Job, jobHref, rangeText, resourcesText } from "./jobs";
import { Took } from "./Took";

/** What was asked, and what it took. */
export function JobFacts({ job }: { job: Job }) {
  const { attempt, retry_of } = job;
  return (
    <>
      <dl className={styles.facts}>
        <Fact name="Trading days">{rangeText(job)}</Fact>
        <Fact name="With the knowledge of">{job.asof === null ? "when work began" : <Instant at={job.asof} />}</Fact>
        <Fact name="Asked">
          <Instant at={job.created_at} /> by {job.requested_by}
        </Fact>
        <Fact name="Finished">
          <Instant at={job.finished_at} />
        </Fact>
        <Fact name="Took">
          <Took job={job} />
        </Fact>
        <Fact name="Used">{resourcesText(job)}</Fact>
        {attempt > 1 && <Fact name="Attempt">{attempt}</Fact>}
        {retry_of !== null && (
          <Fact name="Repeats">
            <Link href={jobHref(retry_of)}>analysis {retry_of}</Link>
          </Fact>
        )}
      </dl>
      <details>
        <summary>Parameters</summary>
        <dl className={styles.facts}>
          {Object.entries(job.parameters).map(([name, value]) => (
            <Fact key={name} name={titleOf(name)}>
              {value === null ? "unset" : factText(value, [name])}
            </Fact>
          ))}
        </dl>
      </details>
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
