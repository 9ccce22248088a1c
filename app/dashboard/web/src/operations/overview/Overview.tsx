import { Link } from "wouter";
import { Badge } from "../../ui/Badge";
import { Instant } from "../../ui/Instant";
import { Panel } from "../../ui/Panel";
import { Loading } from "../../ui/states";
import { Checks } from "./Checks";
import type { Concern } from "./concerns";
import { OtherPages } from "./OtherPages";
import styles from "./Overview.module.css";
import { Tiles } from "./Tiles";
import type { Overview as Standing } from "./useOverview";

/** What needs attention, how each part does, and where else to look. */
export function Overview({ overview }: { overview: Standing }) {
  return (
    <div className={styles.overview}>
      <div className="stack">
        <Panel title="Needs attention" flush>
          <Attention overview={overview} />
        </Panel>
        <Tiles overview={overview} />
      </div>
      <div className="stack">
        <Panel title="Readiness" flush>
          <Checks />
        </Panel>
        <OtherPages />
      </div>
    </div>
  );
}

function Attention({ overview }: { overview: Standing }) {
  const { concerns, unknown, isLoading } = overview;
  return (
    <>
      {unknown.length > 0 && (
        <p className={styles.unknown} role="alert">
          Not known, as Thor gave no answer: {unknown.join(", ")}.
        </p>
      )}
      {isLoading && <Loading what="what needs attention" />}
      {!isLoading && concerns.length === 0 && unknown.length === 0 && (
        <p className={styles.calm}>
          <span aria-hidden="true">✓</span> Nothing needs attention.
        </p>
      )}
      <ul className={styles.concerns} aria-label="What needs attention, the gravest first">
        {concerns.map((concern) => (
          <ConcernRow key={concern.key} concern={concern} />
        ))}
      </ul>
    </>
  );
}

function ConcernRow({ concern }: { concern: Concern }) {
  return (
    <li>
      <Badge tone={concern.tone}>{concern.word}</Badge>
      <div>
        <Link href={concern.href}>{concern.title}</Link>
        <p className={styles.detail}>{concern.detail}</p>
      </div>
      {concern.since !== null && (
        <span className="quiet">
          <Instant at={concern.since} form="short" />
        </span>
      )}
    </li>
  );
}
