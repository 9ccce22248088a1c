import { useState } from "react";
import { Link } from "wouter";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { type Column, DataTable } from "../../ui/DataTable";
import { Instant } from "../../ui/Instant";
import { Panel } from "../../ui/Panel";
import { Empty, QueryView } from "../../ui/states";
import { JobFilterBar } from "./JobFilterBar";
import styles from "./Jobs.module.css";
import { compareHref, isFinished, type Job, jobHref, rangeText, stageText, statusOf, statusTone } from "./jobs";
import { Progress } from "./Progress";
import { type JobFilters, useJobs } from "./queries";
import { Took } from "./Took";

const ALL: JobFilters = { status: null, symbol: null, kind: null };

/** The analyses that were asked for, newest first; two that are done can be compared. */
export function JobsPanel() {
  const [filters, setFilters] = useState(ALL);
  const [chosen, setChosen] = useState<readonly number[]>([]);
  const query = useJobs(filters);
  const toggle = (id: number) =>
    setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(-2));
  const [older, newer] = [...chosen].sort((one, other) => one - other);
  return (
    <Panel
      title="Analyses"
      flush
      actions={
        <>
          <JobFilterBar filters={filters} onChange={setFilters} />
          {older !== undefined && newer !== undefined ? (
            <Link href={compareHref(older, newer)}>
              Compare {older} with {newer}
            </Link>
          ) : (
            <span className="quiet">Tick two that are done to compare them</span>
          )}
        </>
      }
    >
      <QueryView
        query={query}
        what="analyses"
        isEmpty={(data) => data.pages.every((page) => page.jobs.length === 0)}
        empty={<NoJobs isFiltered={Object.values(filters).some((filter) => filter !== null)} />}
      >
        {(data) => <JobsTable jobs={data.pages.flatMap((page) => page.jobs)} chosen={chosen} toggle={toggle} />}
      </QueryView>
      {query.hasNextPage && (
        <div className={styles.more}>
          <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {query.isFetchingNextPage ? "Loading…" : "Older ones"}
          </Button>
        </div>
      )}
    </Panel>
  );
}

function JobsTable({ jobs, chosen, toggle }: { jobs: Job[]; chosen: readonly number[]; toggle: (id: number) => void }) {
  const columns: Column<Job>[] = [
    {
      key: "choose",
      heading: <span className="visually-hidden">Compare</span>,
      cell: (job) => (
        <input
          type="checkbox"
          aria-label={`Compare analysis ${job.id}`}
          disabled={job.status !== "done"}
          checked={chosen.includes(job.id)}
          onChange={() => toggle(job.id)}
        />
      ),
    },
    { key: "id", heading: "Job", isNumber: true, cell: (job) => <Link href={jobHref(job.id)}>{job.id}</Link> },
    { key: "status", heading: "Status", cell: (job) => <Badge tone={statusTone(job.status)}>{statusOf(job)}</Badge> },
    { key: "symbols", heading: "Symbols", cell: (job) => <Symbols job={job} /> },
    { key: "kind", heading: "Kind", cell: (job) => job.kind },
    { key: "range", heading: "Trading days", cell: (job) => <span className={styles.nowrap}>{rangeText(job)}</span> },
    {
      key: "stage",
      heading: "Progress",
      cell: (job) => (isFinished(job) ? <Ended job={job} /> : <Progress job={job} />),
    },
    { key: "took", heading: "Took", isNumber: true, cell: (job) => <Took job={job} /> },
    { key: "asked", heading: "Asked", cell: (job) => <Instant at={job.created_at} form="short" /> },
    { key: "by", heading: "By", cell: (job) => job.requested_by },
  ];
  return <DataTable caption="Analyses, newest first" columns={columns} rows={jobs} keyOf={(job) => job.id} />;
}

function Ended({ job }: { job: Job }) {
  const said = stageText(job);
  return said === "" ? null : <p className={`quiet ${styles.said}`}>{said}</p>;
}

/** Few symbols stand in one line, so that rows are low; many are wrapped. */
function Symbols({ job }: { job: Job }) {
  return <span className={job.symbols.length > 4 ? undefined : styles.nowrap}>{job.symbols.join(" ")}</span>;
}

function NoJobs({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <Empty title="No analysis is like that">Choose “all” in the filters to see the others.</Empty>;
  return (
    <Empty title="Nothing was analysed yet">
      Before each open the analyses of the pre-market are done by themselves.{" "}
      <Link href="/analysis/new">Ask for one</Link> to see what the recorded ticks show now.
    </Empty>
  );
}
