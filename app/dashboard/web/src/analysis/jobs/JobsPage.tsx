import { Link } from "wouter";
import { SignalsPanel } from "../signals/SignalsPanel";
import styles from "./Jobs.module.css";
import { JobsPanel } from "./JobsPanel";

/** What is recommended now, and the analyses that were asked for. */
export function JobsPage() {
  return (
    <div className="stack">
      <div className={styles.top}>
        <h1>Analysis</h1>
        <div className="row">
          <Link href="/analysis/ledger">Predictions and their track record</Link>
          <Link href="/analysis/new" className={styles.call}>
            New analysis
          </Link>
        </div>
      </div>
      <SignalsPanel />
      <JobsPanel />
    </div>
  );
}
