import type { ReactNode } from "react";
import { Link } from "wouter";
import { UNKNOWN } from "../format/numbers";
import { countdownText, dayText, durationText } from "../format/times";
import { useServerNow } from "../live/ServerClock";
import { marketText } from "../preferences/useMarket";
import { Instant } from "../ui/Instant";
import { Panel } from "../ui/Panel";
import { awaited } from "./moments";
import styles from "./VerdictPanel.module.css";
import { type Ladder, verdictWord } from "./words";

const A_DAY_MS = 86_400_000;

/** What a ladder came to, why, and what it waits for. */
export function VerdictPanel({ ladder }: { ladder: Ladder }) {
  const word = verdictWord(ladder);
  return (
    <Panel title={`${dayText(ladder.session_date)}, ${marketText(ladder.market)}`}>
      <div className={styles.top}>
        <div>
          <p className={`${styles.verdict} ${styles[word.tone]}`} role="status">
            <span aria-hidden="true">{word.mark}</span> {word.word}
          </p>
          <p>
            {word.meaning} <span className="quiet">{word.advice}</span>
          </p>
        </div>
        <Countdowns ladder={ladder} />
      </div>
      <Facts ladder={ladder} />
      {ladder.reasons.length > 0 && (
        <>
          <h3>Reasons, what hurts most first</h3>
          <ol className={styles.reasons}>
            {ladder.reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ol>
        </>
      )}
    </Panel>
  );
}

function Countdowns({ ladder }: { ladder: Ladder }) {
  const now = useServerNow();
  const next = awaited(ladder.stages);
  const left = next === null ? 0 : Date.parse(next.at) - now;
  const toOpen = Date.parse(ladder.opens_at) - now;
  return (
    <div className={styles.countdowns}>
      {next && (
        <Countdown label={`${next.stage} ${next.what}${left < 0 ? ", overdue by" : " in"}`}>
          {left < 0 ? durationText(-left) : countdownText(left)}
        </Countdown>
      )}
      {toOpen > 0 ? (
        <Countdown label="to the open">{countdownText(toOpen)}</Countdown>
      ) : (
        -toOpen < A_DAY_MS && <Countdown label="since the open">{durationText(-toOpen)}</Countdown>
      )}
    </div>
  );
}

function Countdown({ label, children }: { label: string; children: ReactNode }) {
  return (
    <p className={styles.countdown}>
      <span className="quiet">{label}</span>
      <span className={styles.left} role="timer">
        {children}
      </span>
    </p>
  );
}

function Facts({ ladder }: { ladder: Ladder }) {
  const { market, made_at: made, verified_at: verified, job_id: job } = ladder;
  return (
    <dl className={styles.facts}>
      <Fact term="opens">
        <Instant at={ladder.opens_at} market={market} />
      </Fact>
      <Fact term="report made">{made === null ? "not yet" : <Instant at={made} market={market} />}</Fact>
      <Fact term="knows nothing later than">
        <Instant at={ladder.asof} market={market} />
      </Fact>
      {ladder.seconds_to_open <= 0 && (
        <Fact term="found in the cache at the open">
          {verified === null ? "no" : <Instant at={verified} market={market} />}
        </Fact>
      )}
      <Fact term="rests on">{job === null ? UNKNOWN : <Link href={`/analysis/${job}`}>analysis {job}</Link>}</Fact>
    </dl>
  );
}

function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}
