import { type FormEvent, useState } from "react";
import { ApiProblem } from "../../api/problems";
import type { Role } from "../../caller/caller";
import { Restricted } from "../../caller/Restricted";
import { Button } from "../../ui/Button";
import { ErrorNote } from "../../ui/states";
import { FieldView } from "./FieldView";
import styles from "./Form.module.css";
import type { Field, Form } from "./schema";
import { bodyOf, type Errors, saidOf, saidOfNone, type Values } from "./values";

interface SchemaFormProps {
  form: Form;
  /** What is filled in at first. */
  first?: Values;
  /** Known values of lists of words, by path. */
  known?: Readonly<Record<string, { values: readonly string[]; likely: number }>>;
  /** A note below the first fields. */
  hint?: string;
  /** The role that it takes to send it. */
  needs: Role;
  submitText: string;
  isBusy: boolean;
  error: Error | null;
  onSubmit: (body: Record<string, unknown>) => void;
}

/** A form made of a schema: its own fields first, of these what is needed, those of the shapes in it below, where they can be opened. */
export function SchemaForm({
  form,
  first = {},
  known = {},
  hint,
  needs,
  submitText,
  isBusy,
  error,
  onSubmit,
}: SchemaFormProps) {
  const [values, setValues] = useState<Values>(first);
  const [errors, setErrors] = useState<Errors>({});
  const [isOpen, setOpen] = useState(false);
  const said = error instanceof ApiProblem ? error.errors : [];
  const errorOf = (path: string) => errors[path] ?? saidOf(path, said);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const made = bodyOf(form.fields, values);
    setErrors(made.errors);
    if (Object.keys(made.errors).length === 0) onSubmit(made.body);
  };
  const view = (field: Field) => (
    <FieldView
      key={field.path}
      field={field}
      value={values[field.path] ?? ""}
      error={errorOf(field.path)}
      known={known[field.path]}
      onChange={(value) => setValues({ ...values, [field.path]: value })}
    />
  );
  const outer = form.fields.filter((field) => !field.path.includes("."));
  const own = [...outer.filter((field) => field.isRequired), ...outer.filter((field) => !field.isRequired)];
  const inner = form.fields.filter((field) => field.path.includes("."));
  const isWrongInside = inner.some((field) => errorOf(field.path) !== undefined);
  const isToldAtFields = said.length > 0 && saidOfNone(form.fields, said).length === 0;
  return (
    <form className="stack" onSubmit={submit} noValidate>
      <Restricted to={needs}>
        <div className={styles.fields}>{own.map(view)}</div>
        {hint !== undefined && <p className="quiet">{hint}</p>}
        {inner.length > 0 && (
          <details
            className={styles.more}
            open={isOpen || isWrongInside}
            onToggle={(event) => setOpen(event.currentTarget.open)}
          >
            <summary>Parameters: what is left empty comes from the desk's settings, else is the value shown</summary>
            <div className={styles.fields}>{inner.map(view)}</div>
          </details>
        )}
        {form.leftOut.length > 0 && <p className="quiet">Not asked for here: {form.leftOut.join(", ")}.</p>}
        {error !== null && !isToldAtFields && <ErrorNote error={error} />}
        <div className={styles.end}>
          <Button type="submit" kind="primary" disabled={isBusy}>
            {submitText}
          </Button>
          {Object.keys(errors).length > 0 && <span className={styles.wrong}>Some fields need another look.</span>}
          {isToldAtFields && <span className={styles.wrong}>The server refused it: see the fields.</span>}
        </div>
      </Restricted>
    </form>
  );
}
