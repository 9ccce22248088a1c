import { type ReactNode, type RefObject, useId, useLayoutEffect, useRef } from "react";
import { useInstruments } from "../../api/installation";
import { Button } from "../../ui/Button";
import styles from "./parts.module.css";
import type { Pages } from "./useFilters";

/** Filters side by side, each under its name. */
export function Filters({ children }: { children: ReactNode }) {
  return <div className={styles.filters}>{children}</div>;
}

/** A choice among words; the first of them stands for no filter. */
export function Choice({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string;
  options: readonly (readonly [value: string, text: string])[];
  onChange: (value: string) => void;
}) {
  return (
    <label className={styles.field}>
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A trading day, or none. */
export function DayField({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (day: string) => void;
}) {
  const field = useShown(value, true);
  return (
    <label className={styles.field}>
      <span>{label}</span>
      <input
        ref={field}
        type="date"
        min="2000-01-01"
        onChange={(event) => {
          // While a year is being typed the field tells days of the first centuries.
          if (event.target.value === "" || event.target.value >= "2000") onChange(event.target.value);
        }}
        onBlur={(event) => {
          event.target.value = value;
        }}
      />
    </label>
  );
}

/** A short text that counts once it is left or Enter is pressed. */
export function TextField({
  label,
  value,
  choices = [],
  onChange,
}: {
  label: string;
  value: string;
  choices?: readonly string[];
  onChange: (text: string) => void;
}) {
  const id = useId();
  const field = useShown(value, false);
  return (
    <label className={styles.field}>
      <span>{label}</span>
      <input
        ref={field}
        size={9}
        list={id}
        spellCheck={false}
        autoComplete="off"
        onBlur={(event) => event.target.value.trim() !== value && onChange(event.target.value.trim())}
        onKeyDown={(event) => event.key === "Enter" && onChange(event.currentTarget.value.trim())}
      />
      <datalist id={id}>
        {choices.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </label>
  );
}

/** The symbol that a list is about, or all; known ones are offered. */
export function SymbolField({ value, onChange }: { value: string; onChange: (symbol: string) => void }) {
  const known = useInstruments().data;
  return <TextField label="Symbol" value={value} choices={known ? [...known.keys()] : []} onChange={onChange} />;
}

/** The way through the pages of a list, the newest first; nothing where there is one page alone. */
export function Pager({ pages, next }: { pages: Pages; next: string | null }) {
  if (pages.number === 1 && next === null) return null;
  return (
    <nav className={styles.pager} aria-label="Pages of the list">
      <Button className={styles.small} disabled={pages.number === 1} onClick={pages.newer}>
        ← Newer
      </Button>
      <span className="quiet">page {pages.number}</span>
      <Button className={styles.small} disabled={next === null} onClick={() => next !== null && pages.older(next)}>
        Older →
      </Button>
    </nav>
  );
}

// Half a date is no value: where one is typed, to set the value would undo it.
function useShown(value: string, keepsTyping: boolean): RefObject<HTMLInputElement | null> {
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    const input = field.current;
    if (input !== null && !(keepsTyping && input === document.activeElement)) input.value = value;
  }, [value, keepsTyping]);
  return field;
}
