import type { ReactNode } from "react";
import styles from "./parts.module.css";

/** What came of something that was asked for; said to screen readers. */
export function Done({ children }: { children: ReactNode }) {
  return (
    <div className={styles.done} role="status">
      {children}
    </div>
  );
}
