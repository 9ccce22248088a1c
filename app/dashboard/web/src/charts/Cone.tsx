import { Axes } from "./Axes";
import styles from "./Drawing.module.css";
import { extent, linear, ticks } from "./scale";
import { useWidth } from "./useWidth";

/** Where the values of a span of time lie: their spread over the past, and the present one. */
export interface ConeStep {
  readonly span: number;
  readonly least: number;
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
  readonly greatest: number;
  readonly now: number;
}

const HEIGHT = 260;

/** How widely values of ever longer spans have spread, and where the present ones lie in that. */
export function Cone({
  title,
  steps,
  xLabel,
  yLabel,
  text,
}: {
  title: string;
  steps: readonly ConeStep[];
  xLabel: string;
  yLabel: string;
  text: (value: number) => string;
}) {
  const [ref, width] = useWidth<HTMLElement>();
  const plane = { left: 56, right: width - 16, top: 24, bottom: HEIGHT - 40 };
  const range = extent(
    steps.flatMap((step) => [step.least, step.greatest, step.now]),
    0.06,
  ) ?? [0, 1];
  // Each span has the same room, for the short ones would lie on each other otherwise.
  const x = linear([0, Math.max(1, steps.length - 1)], [plane.left + 24, plane.right - 24]);
  const y = linear(range, [plane.bottom, plane.top]);
  const line = (pick: (step: ConeStep) => number) => steps.map((step, place) => `${x(place)},${y(pick(step))}`);
  const area = (low: (step: ConeStep) => number, high: (step: ConeStep) => number) =>
    [...line(low), ...line(high).reverse()].join(" ");
  const told = steps.map((step) => `${step.span}: now ${text(step.now)}, median ${text(step.median)}`);
  return (
    <figure ref={ref} className={styles.figure}>
      <svg role="img" width={width} height={HEIGHT} aria-label={`${title}. ${told.join("; ")}`}>
        <Axes
          plane={plane}
          x={{ scale: x, ticks: steps.map((_, place) => place), text: (at) => String(steps[at]?.span), label: xLabel }}
          y={{ scale: y, ticks: ticks(range[0], range[1]), text, label: yLabel }}
        />
        <polygon
          className={styles.faint}
          points={area(
            (step) => step.least,
            (step) => step.greatest,
          )}
        />
        <polygon
          className={styles.strong}
          points={area(
            (step) => step.lower,
            (step) => step.upper,
          )}
        />
        <polyline className={styles.median} points={line((step) => step.median).join(" ")} />
        <polyline className={styles.now} points={line((step) => step.now).join(" ")} />
        {steps.map((step, place) => (
          <circle key={step.span} className={styles.nowDot} cx={x(place)} cy={y(step.now)} r={3.5}>
            <title>{`${step.span}: now ${text(step.now)}`}</title>
          </circle>
        ))}
      </svg>
    </figure>
  );
}
