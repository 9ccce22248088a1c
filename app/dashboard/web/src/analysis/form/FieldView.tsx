import { useId } from "react";
import { titleOf } from "../wording";
import { Choices } from "./Choices";
import styles from "./Form.module.css";
import type { Field } from "./schema";
import { boundsText, defaultText } from "./values";

const INPUT_TYPES: Readonly<Record<string, string>> = { date: "date", "date-time": "datetime-local" };

interface FieldViewProps {
  field: Field;
  value: string | readonly string[];
  error: string | undefined;
  onChange: (value: string | readonly string[]) => void;
  /** Known values of a list of words, the likeliest first, and how many of them are. */
  known?: { values: readonly string[]; likely: number };
}

/** A field with its name, what it means, what counts where it is left empty, and what is wrong with it. */
export function FieldView({ field, value, error, onChange, known }: FieldViewProps) {
  const id = useId();
  const told = <Told id={id} field={field} error={error} />;
  if (field.kind === "many" || (field.kind === "texts" && known !== undefined)) {
    const chosen = typeof value === "string" ? [] : value;
    return (
      <fieldset
        className={`${styles.field} ${field.kind === "texts" ? styles.wide : ""}`}
        aria-describedby={`${id}-told`}
        aria-invalid={error !== undefined}
      >
        <legend className={styles.name}>{nameOf(field)}</legend>
        <Choices
          options={field.kind === "many" ? field.options : (known?.values ?? [])}
          likely={known?.likely}
          chosen={chosen}
          onChange={onChange}
        />
        {told}
      </fieldset>
    );
  }
  return (
    <div className={styles.field}>
      <label className={styles.name} htmlFor={id}>
        {nameOf(field)}
      </label>
      <Input id={id} field={field} value={value} error={error} onChange={onChange} />
      {told}
    </div>
  );
}

function Input({ id, field, value, error, onChange }: FieldViewProps & { id: string }) {
  const { kind, schema } = field;
  const whenEmpty = defaultText(schema.default);
  const common = {
    id,
    className: styles.input,
    "aria-describedby": `${id}-told`,
    "aria-invalid": error !== undefined,
    required: field.isRequired,
  };
  if (kind === "enum" || kind === "boolean") {
    const options = kind === "boolean" ? ["yes", "no"] : field.options;
    return (
      <select {...common} value={String(value)} onChange={(event) => onChange(event.target.value)}>
        <option value="">{whenEmpty === null ? "unset" : `unset (${whenEmpty})`}</option>
        {options.map((option) => (
          <option key={option}>{option}</option>
        ))}
      </select>
    );
  }
  const isList = kind === "texts";
  const isNumber = kind === "number" || kind === "integer";
  const example = [schema.examples?.[0]].flat()[0];
  return (
    <input
      {...common}
      type={INPUT_TYPES[kind] ?? "text"}
      inputMode={kind === "integer" ? "numeric" : isNumber ? "decimal" : undefined}
      placeholder={whenEmpty ?? (example === undefined ? undefined : `e.g. ${example}`)}
      value={typeof value === "string" ? value : value.join(" ")}
      onChange={(event) => onChange(isList ? wordsOf(event.target.value) : event.target.value)}
      autoComplete="off"
    />
  );
}

// What is typed keeps the blank at its end, where the next word begins; nothing typed is no word.
function wordsOf(typed: string): readonly string[] {
  return typed.trim() === "" ? [] : typed.split(/[\s,]+/);
}

function Told({ id, field, error }: { id: string; field: Field; error: string | undefined }) {
  const bounds = boundsText(field.schema);
  const said = [field.schema.description, bounds].filter(Boolean).join("; ");
  return (
    <div id={`${id}-told`}>
      {error !== undefined && <p className={styles.wrong}>{error}</p>}
      {said !== "" && <p className={styles.hint}>{said}</p>}
    </div>
  );
}

function nameOf(field: Field): string {
  const zone = field.kind === "date-time" ? " (UTC)" : "";
  return `${titleOf(field.path.split(".").at(-1) ?? "")}${zone}`;
}
