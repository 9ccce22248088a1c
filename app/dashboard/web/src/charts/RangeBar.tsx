import styles from "./RangeBar.module.css";
import { linear } from "./scale";

const WIDTH = 110;
const HEIGHT = 16;
const EDGE = 6;

/** Where a number and its interval lie in a range; hollow where chance alone gives as much. The number stands beside. */
export function RangeBar({
  value,
  interval,
  range,
  isWeak = false,
}: {
  value: number;
  interval?: readonly [number, number];
  range: readonly [number, number];
  isWeak?: boolean;
}) {
  const x = linear(range, [EDGE, WIDTH - EDGE]);
  const at = (told: number) => Math.max(EDGE, Math.min(WIDTH - EDGE, x(told)));
  const middle = HEIGHT / 2;
  return (
    <svg className={`${styles.bar} ${isWeak ? styles.weak : ""}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
      <line className={styles.track} x1={EDGE} x2={WIDTH - EDGE} y1={middle} y2={middle} />
      {range[0] < 0 && range[1] > 0 && <line className={styles.zero} x1={x(0)} x2={x(0)} y1={1} y2={HEIGHT - 1} />}
      {interval && (
        <line className={styles.whisker} x1={at(interval[0])} x2={at(interval[1])} y1={middle} y2={middle} />
      )}
      <circle className={styles.dot} cx={at(value)} cy={middle} r={4} />
    </svg>
  );
}
