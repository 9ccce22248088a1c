import { Link } from "wouter";
import { Button } from "../ui/Button";
import styles from "./Days.module.css";
import { type Ladder, verdictWord } from "./words";

const SHORT = new Intl.DateTimeFormat("en-US", { weekday: "short", month: "short", day: "numeric", timeZone: "UTC" });

/** The days that have a ladder, the latest first, each with its verdict. */
export function Days(props: {
  ladders: readonly Ladder[];
  shown: string | undefined;
  older: { readonly isThere: boolean; readonly isLoading: boolean; readonly load: () => void };
}) {
  const { ladders, shown, older } = props;
  return (
    <nav className={styles.days} aria-label="Days with a ladder">
      {ladders.map((ladder) => {
        const word = verdictWord(ladder);
        return (
          <Link
            key={ladder.session_date}
            href={`/premarket/${ladder.session_date}`}
            className={styles.day}
            aria-current={ladder.session_date === shown ? "page" : undefined}
            title={ladder.reasons[0] ?? word.meaning}
          >
            <span>{SHORT.format(new Date(`${ladder.session_date}T00:00:00Z`))}</span>
            <span className={`${styles.verdict} ${styles[word.tone]}`}>
              <span aria-hidden="true">{word.mark}</span> {word.word}
            </span>
          </Link>
        );
      })}
      {older.isThere && (
        <Button disabled={older.isLoading} onClick={older.load}>
          {older.isLoading ? "Loading…" : "Older"}
        </Button>
      )}
    </nav>
  );
}
