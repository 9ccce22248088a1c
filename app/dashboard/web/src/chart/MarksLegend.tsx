import styles from "./MarksLegend.module.css";

const MARKS = [
  { look: "rising", text: "Closed above its open: hollow" },
  { look: "falling", text: "Closed below its open: full" },
  { look: "stale", text: "Not current: grey" },
  { look: "overnight", text: "Overnight hours, outside regular hours" },
  { look: "opening", text: "A session begins (trading day)" },
  { look: "quietHole", text: "Quiet: nothing was traded" },
  { look: "noFeed", text: "No feed: nobody listened" },
  { look: "unknownHole", text: "Not known what was traded" },
  { look: "partial", text: "Source away for a part of the bar" },
] as const;

/** What the marks behind the bars mean. */
export function MarksLegend() {
  return (
    <details className={styles.legend} open>
      <summary>Legend</summary>
      <ul>
        {MARKS.map(({ look, text }) => (
          <li key={look}>
            <i className={`${styles.sample} ${styles[look]}`} aria-hidden="true" />
            {text}
          </li>
        ))}
      </ul>
      <p className="quiet">
        Closed markets take no room; a session without any bar is drawn short. Arrow keys scroll, + and − zoom, 1 to 5
        choose the timeframe, s the symbol, t the table.
      </p>
    </details>
  );
}
