import { countText, decimalText } from "../format/numbers";
import styles from "./drawings.module.css";
import type { Bin } from "./performance";
import { linear } from "./scales";

const SIZE = 260;
const EDGE = { left: 38, right: 10, top: 10, bottom: 34 };
const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** How often it rose where about that was said; on the diagonal predictions are worth what they say. */
export function Reliability({ bins, title }: { bins: readonly Bin[]; title: string }) {
  const x = linear([0, 1], [EDGE.left, SIZE - EDGE.right]);
  const y = linear([0, 1], [SIZE - EDGE.bottom, EDGE.top]);
  return (
    <figure className={styles.figure}>
      <figcaption>{title}</figcaption>
      <svg
        className={styles.square}
        viewBox={`0 0 ${SIZE} ${SIZE}`}
        role="img"
        aria-label={`${title}: ${inWords(bins)}`}
      >
        {TICKS.map((tick) => (
          <g key={tick} className={styles.tick}>
            <line x1={x(tick)} x2={x(tick)} y1={y(0)} y2={y(1)} />
            <line x1={x(0)} x2={x(1)} y1={y(tick)} y2={y(tick)} />
            <text x={x(tick)} y={y(0) + 14} textAnchor="middle">
              {tick}
            </text>
            <text x={x(0) - 6} y={y(tick) + 4} textAnchor="end">
              {tick}
            </text>
          </g>
        ))}
        <line className={styles.reference} x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
        {bins.map((bin) => (
          <g key={bin.p} className={styles.point}>
            <title>{binText(bin)}</title>
            <line x1={x(bin.p)} x2={x(bin.p)} y1={y(bin.low)} y2={y(bin.high)} />
            <circle cx={x(bin.p)} cy={y(bin.rate)} r={3.5} />
          </g>
        ))}
        <text className={styles.axis} x={x(0.5)} y={SIZE - 4} textAnchor="middle">
          probability of a rise that was said
        </text>
        <text className={styles.axis} transform={`translate(10 ${y(0.5)}) rotate(-90)`} textAnchor="middle">
          share that rose
        </text>
      </svg>
    </figure>
  );
}

function inWords(bins: readonly Bin[]): string {
  return bins.map(binText).join("; ");
}

function binText(bin: Bin): string {
  const [p, rate, low, high] = [bin.p, bin.rate, bin.low, bin.high].map((value) => decimalText(value, 2));
  return `said ${p}, rose ${rate} (${low} to ${high}), n ${countText(bin.n)}`;
}
