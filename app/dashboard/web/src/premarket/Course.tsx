import { extent, linear, linePath, type Scale } from "../charts/scale";
import { UNKNOWN } from "../format/numbers";
import styles from "./Course.module.css";
import type { SessionScore } from "./performance";

const SIZE = { width: 520, height: 92 };
const LABEL_HEIGHT = 12;
const ROOM = 0.08;
const EDGE = { left: 52, right: 8, top: 8, bottom: 8 };

/** How a score went from session to session, beside the value that it is measured by; sessions come latest first. */
export function Course(props: {
  title: string;
  history: readonly SessionScore[];
  score: (session: SessionScore) => number | null;
  reference: number;
  text: (value: number) => string;
}) {
  const { title, score, reference, text } = props;
  const sessions = props.history.toReversed();
  const values = sessions.map(score);
  const known = values.filter((value) => value !== null);
  const newest = values.at(-1) ?? null;
  const [low, high] = extent([...known, reference], ROOM) ?? [0, 1];
  const x = linear([0, Math.max(1, sessions.length - 1)], [EDGE.left, SIZE.width - EDGE.right]);
  const y = linear([low, high], [SIZE.height - EDGE.bottom, EDGE.top]);
  return (
    <figure className={styles.figure}>
      <figcaption>
        {title} <strong className={styles.newest}>{newest === null ? UNKNOWN : text(newest)}</strong>
      </figcaption>
      {known.length === 0 ? (
        <p className="quiet">No session had enough outcomes.</p>
      ) : (
        <svg
          viewBox={`0 0 ${SIZE.width} ${SIZE.height}`}
          role="img"
          aria-label={inWords(title, sessions, values, text)}
        >
          {sessions.map(
            (session, place) =>
              session.degraded && (
                <rect
                  key={session.session_date}
                  className={styles.degraded}
                  x={x(place) - 2}
                  width={4}
                  y={EDGE.top}
                  height={SIZE.height - EDGE.top - EDGE.bottom}
                />
              ),
          )}
          <line
            className={styles.reference}
            x1={EDGE.left}
            x2={SIZE.width - EDGE.right}
            y1={y(reference)}
            y2={y(reference)}
          />
          <path className={styles.course} d={linePath(values, x, y)} />
          {known.length === 1 && newest !== null && (
            <circle className={styles.dot} cx={x(sessions.length - 1)} cy={y(newest)} r={3} />
          )}
          <g className={styles.tick}>
            {ticksOf(known, reference, y).map((value) => (
              <text key={value} x={EDGE.left - 6} y={y(value) + 4} textAnchor="end">
                {text(value)}
              </text>
            ))}
          </g>
        </svg>
      )}
    </figure>
  );
}

// The ends of what is drawn, but for one whose label would lie on that of the reference.
function ticksOf(known: readonly number[], reference: number, y: Scale): readonly number[] {
  const ends = [Math.min(...known), Math.max(...known)];
  return [reference, ...new Set(ends.filter((end) => Math.abs(y(end) - y(reference)) > LABEL_HEIGHT))];
}

function inWords(
  title: string,
  sessions: readonly SessionScore[],
  values: readonly (number | null)[],
  text: (value: number) => string,
) {
  const told = sessions.slice(-10).map((session, place) => {
    const value = values[sessions.length - Math.min(10, sessions.length) + place] ?? null;
    return `${session.session_date} ${value === null ? "not known" : text(value)}`;
  });
  return `${title}, the newest sessions: ${told.join(", ")}`;
}
