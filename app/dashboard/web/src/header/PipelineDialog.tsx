import { Link } from "wouter";
import type { Alert, Check, Collector } from "../api/operations";
import { ageText, durationText } from "../format/times";
import { useServerNow } from "../live/ServerClock";
import { seenAt } from "../signs/gravity";
import { Badge, type Tone } from "../ui/Badge";
import { type Column, DataTable } from "../ui/DataTable";
import { Dialog } from "../ui/Dialog";
import { Instant } from "../ui/Instant";
import styles from "./PipelineDialog.module.css";
import type { Concern } from "./pipeline";
import { StreamLine } from "./StreamLine";
import type { usePipeline } from "./usePipeline";

type Shown = ReturnType<typeof usePipeline>;

const SEVERITY: Readonly<Record<Alert["severity"], Tone>> = { info: "info", warning: "warn", critical: "bad" };

/** Everything that the pipeline's light rests on; what was known last is greyed while Thor is away. */
export function PipelineDialog({ pipeline, onClose }: { pipeline: Shown; onClose: () => void }) {
  const { signs, concerns, level } = pipeline;
  return (
    <Dialog title="How the pipeline does" onClose={onClose}>
      <div className="stack">
        {level === "away" && <Away pipeline={pipeline} />}
        <Concerns concerns={concerns} level={level} onLeave={onClose} />
        <div className={`stack ${level === "away" ? styles.past : ""}`}>
          <StreamLine standing={pipeline.standing} />
          <Alerts alerts={signs.alerts} hasMore={pipeline.hasMoreAlerts} onLeave={onClose} />
          <Collectors collectors={signs.collectors} />
          <Checks checks={signs.health?.checks} onLeave={onClose} />
        </div>
      </div>
    </Dialog>
  );
}

function Away({ pipeline }: { pipeline: Shown }) {
  const now = useServerNow();
  const { answeredAt, openedAt, signs } = pipeline;
  const forMs = Date.now() - (answeredAt ?? openedAt);
  const since = durationText(Math.floor(forMs / 1_000) * 1_000);
  return (
    <div className={styles.away} role="alert">
      <p>
        <strong>Thor cannot be reached.</strong>{" "}
        {answeredAt === null ? (
          `It has not answered since this page was opened, ${since} ago.`
        ) : (
          <>
            It answered last at <Instant at={new Date(now - forMs).toISOString()} form="time" />, {since} ago. What is
            shown below is the last that was known.
          </>
        )}
      </p>
      <p className="quiet">{signs.failure?.message}</p>
    </div>
  );
}

function Concerns(props: { concerns: readonly Concern[]; level: Shown["level"]; onLeave: () => void }) {
  if (props.level === "away" || props.level === "unknown") return null;
  if (props.concerns.length === 0) return <p>Nothing needs attention.</p>;
  return (
    <ul className={styles.concerns}>
      {props.concerns.map((one) => (
        <li key={one.href + one.text}>
          <Badge tone={one.level === "trouble" ? "bad" : "warn"}>{one.level}</Badge>{" "}
          <Link href={one.href} onClick={props.onLeave}>
            {one.text}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Alerts(props: { alerts: readonly Alert[] | undefined; hasMore: boolean; onLeave: () => void }) {
  const { alerts, hasMore, onLeave } = props;
  const counts = (["critical", "warning", "info"] as const).map(
    (severity) => [severity, alerts?.filter((one) => one.severity === severity).length ?? 0] as const,
  );
  return (
    <p className="row">
      <Link href="/operations/alerts" onClick={onLeave}>
        Unresolved alerts
      </Link>
      {alerts === undefined && <span className="quiet">not known</span>}
      {alerts?.length === 0 && <span>none</span>}
      {counts
        .filter(([, count]) => count > 0)
        .map(([severity, count]) => (
          <Badge key={severity} tone={SEVERITY[severity]}>
            {count}
            {hasMore ? " or more" : ""} {severity}
          </Badge>
        ))}
    </p>
  );
}

function Collectors({ collectors }: { collectors: readonly Collector[] | undefined }) {
  if (collectors === undefined) return <p className="quiet">How the sources stand is not known.</p>;
  const wanted = collectors.filter((one) => one.wanted);
  if (wanted.length === 0) return <p className="quiet">No source is wanted now.</p>;
  return <DataTable caption="Sources that are wanted" columns={SOURCES} rows={wanted} keyOf={(one) => one.source} />;
}

const SOURCES: readonly Column<Collector>[] = [
  { key: "source", heading: "Source", cell: (one) => one.source },
  {
    key: "state",
    heading: "State",
    cell: (one) => (
      <>
        <Badge tone={one.state === "running" ? "ok" : "warn"}>{one.state}</Badge> {one.feed}{" "}
        <span className="quiet">{one.detail}</span>
      </>
    ),
  },
  {
    key: "change",
    heading: "Last change",
    isNumber: true,
    cell: (one) => ageText(one.change_age_s === null ? null : one.change_age_s * 1_000),
  },
  { key: "rate", heading: "Events/s", isNumber: true, cell: (one) => one.rate_per_s.toFixed(1) },
];

function Checks({ checks, onLeave }: { checks: readonly Check[] | undefined; onLeave: () => void }) {
  if (checks === undefined) return <p className="quiet">Thor's checks are not known.</p>;
  const columns: readonly Column<Check>[] = [
    {
      key: "name",
      heading: "Check",
      cell: (check) => (
        <Link href={seenAt(check.name)} onClick={onLeave}>
          {check.name}
        </Link>
      ),
    },
    {
      key: "ok",
      heading: "State",
      cell: (check) => <Badge tone={check.ok ? "ok" : "bad"}>{check.ok ? "ok" : "failing"}</Badge>,
    },
    { key: "detail", heading: "Detail", cell: (check) => check.detail },
  ];
  return <DataTable caption="Thor's checks" columns={columns} rows={checks} keyOf={(check) => check.name} />;
}
