import type { ReactNode } from "react";
import styles from "./parts.module.css";

/** Names and what they stand for; `title` says what is meant where the name does not. */
export interface Fact {
  readonly name: string;
  readonly value: ReactNode;
  readonly title?: string;
  /** Takes a line for itself. */
  readonly isWide?: boolean;
}

/** Facts in two columns. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className={styles.facts}>
      {facts.map((fact) => (
        <div key={fact.name} title={fact.title} className={fact.isWide ? styles.wideFact : undefined}>
          <dt>{fact.name}</dt>
          <dd>{fact.value}</dd>
        </div>
      ))}
    </dl>
  );
}
