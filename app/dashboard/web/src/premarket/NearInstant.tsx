import { Instant } from "../ui/Instant";
import styles from "./NearInstant.module.css";

const HALF_A_DAY_MS = 12 * 3_600_000;

/** An instant on one line, with its day only where it is half a day or more from another one, such as an open. */
export function NearInstant({ at, to, market }: { at: string; to: string; market: string }) {
  const isNear = Math.abs(Date.parse(at) - Date.parse(to)) < HALF_A_DAY_MS;
  return (
    <span className={styles.time}>
      <Instant at={at} form={isNear ? "clock" : "short"} market={market} />
    </span>
  );
}
