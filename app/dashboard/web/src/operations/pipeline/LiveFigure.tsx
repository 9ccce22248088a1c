import { UNKNOWN } from "../../format/numbers";
import { durationText } from "../../format/times";
import { type Point, pathOf, roundTop } from "./curve";
import styles from "./pipeline.module.css";

const WIDTH = 240;
const HEIGHT = 48;

/** A figure now, what it means, and its curve since the page was opened. */
export function LiveFigure({
  name,
  meaning,
  points,
  text,
  least,
}: {
  name: string;
  meaning: string;
  points: readonly Point[];
  /** How a value is written. */
  text: (value: number) => string;
  /** The least that the scale reaches, so that noise at the bottom stays small. */
  least: number;
}) {
  const values = points.map((point) => point.value);
  const now = values.at(-1) ?? null;
  const top = roundTop(values, least);
  const known = values.filter((value) => value !== null);
  const span = (points.at(-1)?.at ?? 0) - (points[0]?.at ?? 0);
  const range = known.length === 0 ? "nothing known" : `${text(Math.min(...known))} to ${text(Math.max(...known))}`;
  return (
    <figure className={styles.live}>
      <figcaption>
        <strong>{name}</strong>
        <span className={styles.value}>{now === null ? UNKNOWN : text(now)}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${name}: ${range}`}>
        <path className={styles.base} d={`M0 ${HEIGHT - 0.5}H${WIDTH}M0 0.5H${WIDTH}`} />
        <path className={styles.curve} d={pathOf(points, top, WIDTH, HEIGHT)} />
      </svg>
      <p className={styles.scale}>
        <span>{points.length < 2 ? "one answer so far" : `last ${durationText(span)}`}</span>
        <span>scale to {text(top)}</span>
      </p>
      <p className={styles.meaning}>{meaning}</p>
    </figure>
  );
}
