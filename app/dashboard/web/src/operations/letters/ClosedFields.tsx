import type { Shape } from "../../api/client";
import type { Column } from "../../ui/DataTable";
import { DenseTable } from "../parts/DenseTable";
import { cameText, draftsOf } from "./letters";
import styles from "./letters.module.css";

interface Row {
  readonly name: string;
  readonly came: string;
  readonly corrected: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { key: "name", heading: "Field", cell: (row) => <code className={styles.name}>{row.name || "(empty name)"}</code> },
  { key: "came", heading: "As it came", cell: (row) => <div className={styles.came}>{row.came}</div> },
  { key: "corrected", heading: "Corrected to", cell: (row) => row.corrected },
];

/** The fields of a letter that is closed, with the correction that lies over them. */
export function ClosedFields({ letter }: { letter: Shape<"LetterAnswer"> }) {
  const rows = Object.entries(draftsOf(letter.fields, letter.correction)).map(([name, draft]) => ({
    name,
    came: name in letter.fields ? cameText(letter.fields[name]) : "not there",
    corrected: draft.isTaken ? "taken away" : draft.value,
  }));
  return <DenseTable caption="Fields of the entry" columns={COLUMNS} rows={rows} keyOf={(row) => row.name} />;
}
