import { Link } from "wouter";
import { Badge } from "../../ui/Badge";
import { Instant } from "../../ui/Instant";
import { Loading } from "../../ui/states";
import type { Concern } from "./concerns";
import styles from "./Overview.module.css";
import type { Overview } from "./useOverview";

/** What needs attention, the gravest first; it is told as nothing only where everything was asked and answered. */
export function Attention({ overview }: { overview: Pick<Overview, "concerns" | "unknown" | "isLoading"> }) {
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
