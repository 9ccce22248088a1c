import { countdownText, shortTimeText } from "../format/times";
import { useServerNow } from "../live/ServerClock";
import { marketText } from "../preferences/useMarket";
import { useZone } from "../preferences/useZone";
import { Badge } from "../ui/Badge";
import styles from "./MarketStatus.module.css";
import { NEXT, regularHours, remarks, type Session, STATUS, tradingDay } from "./sessionWords";

/** How the market stands, what comes next and when, and what is unusual of the day. */
export function MarketStatus({ session, isCurrent }: { session: Session; isCurrent: boolean }) {
  const zone = useZone(session.market);
  const notes = remarks(session, zone);
  return (
    <section
      className={`${styles.status} ${isCurrent ? "" : styles.past}`}
      aria-label={`Market ${marketText(session.market)}`}
    >
      <Word session={session} isCurrent={isCurrent} />
      <Next session={session} zone={zone} />
      <RegularHours session={session} zone={zone} />
      <span className={styles.part}>
        <span className={styles.label}>trading day</span> {tradingDay(session)}
      </span>
      {notes.map((note) => (
        <span key={note} className={styles.note}>
          {note}
        </span>
      ))}
    </section>
  );
}

function Word({ session, isCurrent }: { session: Session; isCurrent: boolean }) {
  const { word, tone, meaning } = STATUS[session.status];
  return (
    <span role="status">
      <Badge tone={isCurrent ? tone : "quiet"} title={isCurrent ? meaning : "the last that is known"}>
        <span className={styles.word}>{isCurrent ? word : `was ${word}`}</span>
      </Badge>
    </span>
  );
}

function Next({ session, zone }: { session: Session; zone: string }) {
  const left = Date.parse(session.next_transition) - useServerNow();
  return (
    <span className={styles.part}>
      <span className={styles.label}>{NEXT[session.next_transition_type]}</span>{" "}
      <span className={styles.countdown} role="timer">
        {countdownText(left)}
      </span>{" "}
      <time className={styles.label} dateTime={session.next_transition}>
        {shortTimeText(session.next_transition, zone)}
      </time>
    </span>
  );
}

function RegularHours({ session, zone }: { session: Session; zone: string }) {
  const { isOpen, text } = regularHours(session, useServerNow(), zone);
  return (
    <span className={styles.part} title="regular trading hours">
      <span aria-hidden="true" className={isOpen ? "up" : "quiet"}>
        {isOpen ? "●" : "○"}
      </span>{" "}
      {text}
    </span>
  );
}
