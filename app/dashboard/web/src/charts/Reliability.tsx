import { percentText } from "../format/numbers";
import { Axes } from "./Axes";
import type { ReliabilityBin } from "./bins";
import styles from "./Drawing.module.css";
import { linear } from "./scale";
import { useWidth } from "./useWidth";

const SHARES = [0, 0.25, 0.5, 0.75, 1];
const LARGEST = 340;

/** What was said against what came: on the broken line every probability is right. */
export function Reliability({ title, bins }: { title: string; bins: readonly ReliabilityBin[] }) {
  const [ref, width] = useWidth<HTMLElement>(300);
  const size = Math.min(width, LARGEST);
  const plane = { left: 42, right: size - 12, top: 22, bottom: size - 40 };
  const x = linear([0, 1], [plane.left, plane.right]);
  const y = linear([0, 1], [plane.bottom, plane.top]);
  const text = (share: number) => percentText(share, 0);
  const said = bins.map((bin) => `${percentText(bin.said)} said: ${percentText(bin.came)} came, n ${bin.n}`);
  return (
    <figure ref={ref} className={styles.figure}>
      <svg role="img" width={size} height={size} aria-label={`${title}. ${said.join("; ")}`}>
        <Axes
          plane={plane}
          x={{ scale: x, ticks: SHARES, text, label: "probability that was said" }}
          y={{ scale: y, ticks: SHARES, text, label: "share of rises that came" }}
        />
        <line className={styles.ideal} x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
        {bins.map((bin, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two bins may have said the same, and none ever moves.
          <g key={place}>
            <title>{`${percentText(bin.said)} said, ${percentText(bin.came)} came, n ${bin.n}`}</title>
            {bin.interval && (
              <line
                className={styles.bar}
                x1={x(bin.said)}
                x2={x(bin.said)}
                y1={y(bin.interval[0])}
                y2={y(bin.interval[1])}
              />
            )}
            <circle className={styles.dot} cx={x(bin.said)} cy={y(bin.came)} r={4} />
          </g>
        ))}
      </svg>
    </figure>
  );
}
