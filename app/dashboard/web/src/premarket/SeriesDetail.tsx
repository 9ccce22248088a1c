import { useState } from "react";
import { Reliability } from "../charts/Reliability";
import { countText, decimalText, percentText } from "../format/numbers";
import { dayText } from "../format/times";
import { Badge } from "../ui/Badge";
import { Button } from "../ui/Button";
import { Panel } from "../ui/Panel";
import { Empty } from "../ui/states";
import { Course } from "./Course";
import { FigureCell } from "./FigureCell";
import { binsIn, figureOf, latestOf, madeLaterOf, type Series, type Span } from "./performance";
import styles from "./SeriesDetail.module.css";

const SPANS: readonly [Span, string][] = [
  ["all", "All"],
  ["last_100", "Last 100"],
];
const FIGURES: readonly [string, string][] = [
  ["brier", "Brier"],
  ["brier_skill", "Brier skill"],
  ["log_loss", "Log loss"],
  ["slope", "Calibration slope, 1 is right"],
  ["intercept", "Calibration intercept, 0 is right"],
  ["hit_rate", "Hits"],
  ["coverage", "Coverage, 0.9 is right"],
  ["kupiec", "Kupiec's likelihood ratio"],
];

/** The predictions of one model, symbol and horizon closely: calibration, figures, and how that went over sessions. */
export function SeriesDetail({ series }: { series: Series }) {
  const [span, choose] = useState<Span>("all");
  const bins = binsIn(series, span);
  const later = madeLaterOf(series);
  return (
    <Panel
      title={`${series.symbol} ${series.horizon}, ${series.model}`}
      actions={SPANS.map(([one, text]) => (
        <Button key={one} pressed={span === one} onClick={() => choose(one)}>
          {text}
        </Button>
      ))}
    >
      {series.degraded && (
        <p className={styles.note}>
          <Badge tone="bad">degraded</Badge> These predictions do worse than the base rate: nothing is recommended on
          them. Shaded sessions are those in which that was so.
        </p>
      )}
      <div className={styles.parts}>
        {bins.length > 0 ? (
          <div>
            <p className={styles.caption}>Calibration: what was said, and what came</p>
            <Reliability bins={bins} title={`Calibration of ${series.symbol} ${series.horizon}`} />
          </div>
        ) : (
          <Empty title="Too few outcomes for a calibration plot">
            {figureOf(series, span, "brier")?.reason ?? `${countText(series.outcomes)} outcomes are known, 30 needed`}
          </Empty>
        )}
        <dl className={styles.figures}>
          {FIGURES.map(([name, text]) => (
            <div key={name}>
              <dt>{text}</dt>
              <dd>
                <FigureCell name={text} figure={figureOf(series, span, name)} />
              </dd>
            </div>
          ))}
          <div>
            <dt>Brier skill of the last 200</dt>
            <dd>
              <FigureCell name="Brier skill of the last 200" figure={latestOf(series)} />
            </dd>
          </div>
          {later > 0 && (
            <div>
              <dt>Made too late to count</dt>
              <dd>{countText(later)}</dd>
            </div>
          )}
        </dl>
        <div className={styles.courses}>
          <p className={styles.span}>{spanText(series.history)}</p>
          <Course
            title="Brier skill"
            history={series.history}
            score={(one) => one.brier_skill}
            reference={0}
            text={scoreText}
          />
          <Course
            title="Hits"
            history={series.history}
            score={(one) => one.hit_rate}
            reference={0.5}
            text={percentText}
          />
          <Course
            title="Coverage"
            history={series.history}
            score={(one) => one.coverage}
            reference={0.9}
            text={scoreText}
          />
        </div>
      </div>
    </Panel>
  );
}

function scoreText(score: number): string {
  return decimalText(score, 3);
}

function spanText(history: Series["history"]): string {
  const [newest, oldest] = [history[0], history.at(-1)];
  if (!newest || !oldest) return "No session was scored yet";
  const until = dayText(newest.session_date);
  return newest === oldest
    ? `As of the session of ${until}`
    : `As of each of ${history.length} sessions, ${dayText(oldest.session_date)} to ${until}`;
}
