import type { ReactNode } from "react";
import styles from "./Badge.module.css";

/** What a colour stands for; the text always says it, too. */
export type Tone = "ok" | "warn" | "bad" | "info" | "quiet";

/** A word of state. */
export function Badge({ tone, title, children }: { tone: Tone; title?: string; children: ReactNode }) {
  return (
    <span className={`${styles.badge} ${styles[tone]}`} title={title}>
      {children}
    </span>
  );
}
