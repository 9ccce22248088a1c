import styles from "./Drawing.module.css";
import type { Scale } from "./scale";

/** Where a drawing's plane lies within it, in pixels. */
export interface Plane {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface Axis {
  readonly scale: Scale;
  readonly ticks: readonly number[];
  readonly text: (value: number) => string;
  readonly label: string;
}

/** Grid, ticks and names of both axes. */
export function Axes({ plane, x, y }: { plane: Plane; x: Axis; y: Axis }) {
  return (
    <g>
      {y.ticks.map((value) => (
        <g key={value}>
          <line className={styles.grid} x1={plane.left} x2={plane.right} y1={y.scale(value)} y2={y.scale(value)} />
          <text className={styles.tick} x={plane.left - 6} y={y.scale(value) + 4} textAnchor="end">
            {y.text(value)}
          </text>
        </g>
      ))}
      {x.ticks.map((value) => (
        <text key={value} className={styles.tick} x={x.scale(value)} y={plane.bottom + 15} textAnchor="middle">
          {x.text(value)}
        </text>
      ))}
      <line className={styles.axis} x1={plane.left} x2={plane.right} y1={plane.bottom} y2={plane.bottom} />
      <text className={styles.label} x={plane.right} y={plane.bottom + 30} textAnchor="end">
        {x.label}
      </text>
      <text className={styles.label} x={plane.left} y={plane.top - 8} textAnchor="start">
        {y.label}
      </text>
    </g>
  );
}
