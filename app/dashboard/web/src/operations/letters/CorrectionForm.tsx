import { type FormEvent, useState } from "react";
import { answered, api, type Shape } from "../../api/client";
import { Restricted } from "../../caller/Restricted";
import { Button } from "../../ui/Button";
import { ErrorNote } from "../../ui/states";
import parts from "../parts/parts.module.css";
import { useWrite } from "../parts/useWrite";
import { cameText, correctionOf, type Draft, draftsOf } from "./letters";
import styles from "./letters.module.css";

/** The fields of an open letter as they came, each with room for another value; what is sent replaces the correction. */
export function CorrectionForm({ letter }: { letter: Shape<"LetterAnswer"> }) {
  const [drafts, setDrafts] = useState(() => draftsOf(letter.fields, letter.correction));
  const [added, setAdded] = useState("");
  const write = useWrite(
    (fields: Record<string, string | null>) =>
      answered(
        api.PATCH("/api/dead-letters/{letter_id}", {
          params: { path: { letter_id: letter.id } },
          body: { fields, reset: true },
        }),
      ),
    ["dead-letter", "dead-letters"],
  );
  const correction = correctionOf(drafts);
  const isChanged = JSON.stringify(correction) !== JSON.stringify(letter.correction ?? {});
  const set = (name: string, draft: Draft) => setDrafts({ ...drafts, [name]: draft });
  const add = () => {
    if (added.trim() !== "" && !(added.trim() in drafts)) set(added.trim(), { value: "", isTaken: false });
    setAdded("");
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    write.mutate(correction);
  };
  return (
    <form className="stack" onSubmit={submit}>
      <Restricted to="operator" isTold={false}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
        <section className={styles.fields} aria-label="Fields of the entry" tabIndex={0}>
          <table>
            <caption className="visually-hidden">Fields of the entry and their correction</caption>
            <thead>
              <tr>
                <th scope="col">Field</th>
                <th scope="col">As it came</th>
                <th scope="col">Correct to</th>
                <th scope="col">Take away</th>
              </tr>
            </thead>
            <tbody>
              {Object.entries(drafts).map(([name, draft]) => (
                <FieldRow
                  key={name}
                  name={name}
                  came={name in letter.fields ? cameText(letter.fields[name]) : "not there"}
                  draft={draft}
                  onChange={(to) => set(name, to)}
                />
              ))}
            </tbody>
          </table>
        </section>
        {write.isError && <ErrorNote error={write.error} />}
        <div className="row">
          <Button type="submit" disabled={!isChanged || write.isPending}>
            {write.isPending ? "…" : "Keep the correction"}
          </Button>
          <span className={parts.inline}>
            <input
              aria-label="Name of another field"
              placeholder="another field"
              value={added}
              size={14}
              onChange={(event) => setAdded(event.target.value)}
              onKeyDown={(event) => {
                if (event.key !== "Enter") return;
                event.preventDefault();
                add();
              }}
            />
            <Button className={parts.small} disabled={added.trim() === ""} onClick={add}>
              Add field
            </Button>
          </span>
        </div>
      </Restricted>
    </form>
  );
}

function FieldRow({
  name,
  came,
  draft,
  onChange,
}: {
  name: string;
  came: string;
  draft: Draft;
  onChange: (draft: Draft) => void;
}) {
  return (
    <tr>
      <th scope="row">
        <code className={styles.name}>{name || "(empty name)"}</code>
      </th>
      <td>
        <div className={styles.came}>{came}</div>
      </td>
      <td>
        <input
          aria-label={`Correct ${name} to`}
          value={draft.value}
          maxLength={200}
          disabled={draft.isTaken}
          spellCheck={false}
          onChange={(event) => onChange({ ...draft, value: event.target.value })}
        />
      </td>
      <td>
        <input
          type="checkbox"
          aria-label={`Take ${name} away`}
          checked={draft.isTaken}
          onChange={(event) => onChange({ ...draft, isTaken: event.target.checked })}
        />
      </td>
    </tr>
  );
}
