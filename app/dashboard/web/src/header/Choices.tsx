import { useDesk } from "../api/installation";
import { type Preferences, usePreferences } from "../preferences/preferences";
import { marketText, useMarket } from "../preferences/useMarket";
import styles from "./Choices.module.css";

const ZONES: readonly [Preferences["zone"], string][] = [
  ["exchange", "Exchange"],
  ["America/New_York", "New York"],
  ["UTC", "UTC"],
  ["local", "This computer"],
];
const THEMES: readonly [Preferences["theme"], string][] = [
  ["system", "Auto"],
  ["dark", "Dark"],
  ["light", "Light"],
];

/** The market that is shown. */
export function MarketChoice() {
  const [, change] = usePreferences();
  const market = useMarket();
  const markets = useDesk().data?.markets.map(({ name }) => name) ?? [];
  const known = market === null || markets.includes(market) ? markets : [market, ...markets];
  return (
    <Choice
      label="Market"
      width="9.5rem"
      value={market ?? ""}
      options={known.map((name) => [name, marketText(name)])}
      onChoose={(name) => change({ market: name })}
    />
  );
}

/** The zone of all times, and the theme. */
export function DisplayChoices() {
  const [{ zone, theme }, change] = usePreferences();
  return (
    <>
      <Choice
        label="Zone of times"
        width="7rem"
        value={zone}
        options={ZONES}
        onChoose={(one) => change({ zone: one })}
      />
      <Choice
        label="Theme: as the system, dark or light"
        width="5rem"
        value={theme}
        options={THEMES}
        onChoose={(one) => change({ theme: one })}
      />
    </>
  );
}

function Choice<Value extends string>(props: {
  label: string;
  width: string;
  value: Value;
  options: readonly (readonly [Value, string])[];
  onChoose: (value: Value) => void;
}) {
  const { label, width, value, options, onChoose } = props;
  return (
    <select
      className={styles.choice}
      style={{ width }}
      aria-label={label}
      title={label}
      value={value}
      disabled={options.length === 0}
      onChange={(event) => {
        const chosen = options.find(([one]) => one === event.target.value);
        if (chosen) onChoose(chosen[0]);
      }}
    >
      {options.length === 0 && <option value="">{label}: not known</option>}
      {options.map(([one, text]) => (
        <option key={one} value={one}>
          {text}
        </option>
      ))}
    </select>
  );
}
