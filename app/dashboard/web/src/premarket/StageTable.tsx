import { useMemo } from "react";
import { Link } from "wouter";
import { durationText } from "../format/times";
import { useServerNow } from "../live/ServerClock";
import { Badge } from "../ui/Badge";
import { type Column, DataTable } from "../ui/DataTable";
import { Instant } from "../ui/Instant";
import { Panel } from "../ui/Panel";
import { Timeline } from "./moments";
import { NearInstant } from "./NearInstant";
import styles from "./StageTable.module.css";
import { DOES, type Ladder, STATUS_TONE, type Stage } from "./words";

/** The stages of a ladder in their order: when each is due, how it stands, and which analyses it asked for. */
export function StageTable({ ladder }: { ladder: Ladder }) {
  const columns = useMemo(() => columnsOf(ladder), [ladder]);
  return (
    <Panel title="The ladder" flush>
      <DataTable
        caption={`Stages of the ladder of ${ladder.session_date}`}
        columns={columns}
        rows={ladder.stages}
        keyOf={(stage) => stage.stage}
      />
    </Panel>
  );
}

function columnsOf(ladder: Ladder): readonly Column<Stage>[] {
  const timeline = new Timeline(ladder);
  const opensMs = Date.parse(ladder.opens_at);
  return [
    { key: "stage", heading: "Stage", cell: (stage) => <span title={DOES[stage.stage]}>{stage.stage}</span> },
    { key: "status", heading: "State", cell: (stage) => <State stage={stage} /> },
    {
      key: "time",
      heading: "Time",
      title: "Outlined: the time that it was given; filled: the time that it took; lines: now and the open",
      cell: (stage) => <Bar stage={stage} timeline={timeline} opensMs={opensMs} />,
    },
    { key: "due", heading: "Due", cell: (stage) => <Due stage={stage} ladder={ladder} /> },
    { key: "done", heading: "Done", cell: (stage) => <Done stage={stage} ladder={ladder} /> },
    { key: "jobs", heading: "Analyses", cell: (stage) => <Jobs jobs={stage.jobs} /> },
    { key: "reasons", heading: "What is amiss", cell: (stage) => <Reasons reasons={stage.reasons} /> },
  ];
}

function State({ stage }: { stage: Stage }) {
  const isDegraded = stage.verdict === "degraded" && stage.status === "done";
  return (
    <span className={styles.state}>
      <Badge tone={STATUS_TONE[stage.status]}>{stage.status}</Badge>
      {isDegraded && <Badge tone="warn">degraded</Badge>}
    </span>
  );
}

function Bar({ stage, timeline, opensMs }: { stage: Stage; timeline: Timeline; opensMs: number }) {
  const now = useServerNow();
  const given = timeline.given(stage);
  const taken = timeline.taken(stage, now);
  const present = timeline.placeOf(now);
  const opens = timeline.placeOf(opensMs);
  return (
    <span className={styles.line} aria-hidden="true">
      <span className={styles.given} style={{ left: share(given.from), right: share(1 - given.to) }} />
      {taken && (
        <span
          className={`${styles.taken} ${styles[stage.status]}`}
          style={{ left: share(taken.from), right: share(1 - taken.to) }}
        />
      )}
      {opens !== null && <span className={styles.opens} style={{ left: share(opens) }} />}
      {present !== null && <span className={styles.present} style={{ left: share(present) }} />}
    </span>
  );
}

function share(part: number): string {
  return `${(part * 100).toFixed(2)}%`;
}

function Due({ stage, ladder }: { stage: Stage; ladder: Ladder }) {
  const { opens_at: to, market } = ladder;
  return (
    <span className={styles.due}>
      <NearInstant at={stage.planned_at} to={to} market={market} />
      <span className="quiet">
        by <NearInstant at={stage.deadline_at} to={to} market={market} />
      </span>
    </span>
  );
}

function Done({ stage, ladder }: { stage: Stage; ladder: Ladder }) {
  if (stage.done_at === null) return <Instant at={null} />;
  const isLate = stage.late_s !== null && stage.late_s > 0;
  return (
    <>
      <NearInstant at={stage.done_at} to={ladder.opens_at} market={ladder.market} />
      {isLate && <span className={styles.late}>{durationText((stage.late_s ?? 0) * 1_000)} late</span>}
    </>
  );
}

function Jobs({ jobs }: { jobs: Stage["jobs"] }) {
  return (
    <span className={styles.jobs}>
      {Object.entries(jobs).map(([symbol, id]) => (
        <Link key={symbol} href={`/analysis/${id}`} title={`Analysis ${id}`}>
          {symbol === "*" ? `all (${id})` : symbol}
        </Link>
      ))}
    </span>
  );
}

function Reasons({ reasons }: { reasons: readonly string[] }) {
  if (reasons.length === 0) return null;
  return (
    <details>
      <summary>
        {reasons.length} {reasons.length === 1 ? "reason" : "reasons"}
      </summary>
      <ul className={styles.reasons}>
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
    </details>
  );
}
