import { type ReactNode, useId } from "react";
import styles from "./Panel.module.css";

/** A part of a page under a heading, with what can be done with it at the right. */
export function Panel({
  title,
  actions,
  children,
  flush = false,
}: {
  title: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** Without room around the content, for tables and charts. */
  flush?: boolean;
}) {
  const id = useId();
  return (
    <section className={styles.panel} aria-labelledby={id}>
      <div className={styles.head}>
        <h2 id={id}>{title}</h2>
        {actions !== undefined && <div className="row">{actions}</div>}
      </div>
      <div className={flush ? styles.flush : styles.body}>{children}</div>
    </section>
  );
}
