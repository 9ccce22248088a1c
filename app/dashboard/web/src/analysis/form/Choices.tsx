import { Button } from "../../ui/Button";
import styles from "./Form.module.css";

/** Some of given values; those of the watchlist, the first `likely`, can be taken at once. */
export function Choices({
  options,
  likely = 0,
  chosen,
  onChange,
}: {
  options: readonly string[];
  likely?: number;
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
}) {
  const toggle = (option: string) =>
    onChange(chosen.includes(option) ? chosen.filter((one) => one !== option) : [...chosen, option]);
  return (
    <div className={styles.choices}>
      {likely > 0 && <Button onClick={() => onChange(options.slice(0, likely))}>Watchlist</Button>}
      {likely > 0 && (
        <Button kind="bare" onClick={() => onChange([])} disabled={chosen.length === 0}>
          None
        </Button>
      )}
      {options.map((option) => (
        <label key={option} className={styles.choice}>
          <input type="checkbox" checked={chosen.includes(option)} onChange={() => toggle(option)} />
          {option}
        </label>
      ))}
    </div>
  );
}
