import { percentText } from "../../format/numbers";
import { type Job, stageText } from "./jobs";
import styles from "./Progress.module.css";

/** How far an unfinished job is, and what is being done. */
export function Progress({ job }: { job: Job }) {
  const percent = Math.round(job.progress * 100);
  return (
    <div className={styles.progress}>
      <div
        className={styles.bar}
        role="progressbar"
        aria-label={`Progress of analysis ${job.id}`}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuetext={`${percent} %, ${stageText(job)}`}
      >
        <div className={styles.done} style={{ width: `${percent}%` }} />
      </div>
      <div className={styles.words}>
        <span>{stageText(job)}</span>
        <span className="number">{percentText(job.progress, 0)}</span>
      </div>
    </div>
  );
}
