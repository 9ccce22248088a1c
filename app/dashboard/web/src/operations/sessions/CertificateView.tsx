import type { Shape } from "../../api/client";
import { countText } from "../../format/numbers";
import { Badge } from "../../ui/Badge";
import type { Column } from "../../ui/DataTable";
import { Instant } from "../../ui/Instant";
import { DenseTable } from "../parts/DenseTable";
import { Facts } from "../parts/Facts";
import parts from "../parts/parts.module.css";
import { fieldText, valueText } from "../parts/values";
import styles from "./sessions.module.css";
import { certificateWord, VERDICTS } from "./words";

type Certificate = Shape<"SessionRecordsAnswer.CertificateAnswer">;
type File = Certificate["files"][number];

const MEANINGS: Readonly<Record<string, string>> = {
  expected_minutes: "minutes of the session",
  present_minutes: "minutes in which a feed of its symbols was alive",
  ticks: "ticks that are stored",
  symbols: "symbols that have ticks",
  out_of_session: "ticks outside of the session's hours",
  crossed: "ticks whose bid lies above their ask",
  delayed: "ticks of delayed quotes",
  published: "stored + dead + duplicates + lost + in flight",
  stored: "rows of the database and of files of days that left it",
  dead: "dead letters that are not stored",
  duplicates: "entries whose event was stored already",
  lost: "what is known to be gone",
  in_flight: "on the way, or not yet found lost",
  gaps: "known gaps within the session that were not filled",
  files: "files of the lake, each read whole",
  rows_in_files: "rows of these files",
  lake_equals_database: "compared cell by cell",
};
const ORDER = Object.keys(MEANINGS);

const FILES: readonly Column<File>[] = [
  { key: "path", heading: "File", cell: (one) => <div className={parts.wrap}>{one.path}</div> },
  { key: "rows", heading: "Rows", isNumber: true, cell: (one) => countText(one.rows) },
  {
    key: "hash",
    heading: "SHA-256",
    cell: (one) => (
      <span className={styles.hash} title={one.sha256}>
        {one.sha256.slice(0, 10)}…
      </span>
    ),
  },
];

/** What was proved of a session: the verdict with its reasons, every figure, and the files. */
export function CertificateView({ certificate }: { certificate: Certificate }) {
  const word = certificateWord({ verdict: certificate.verdict, overdue: false });
  return (
    <>
      <h3>Certificate {word && <Badge tone={word.tone}>{word.word}</Badge>}</h3>
      <p className="quiet">
        {VERDICTS[certificate.verdict]}; made <Instant at={certificate.made_at} form="short" />
      </p>
      {certificate.reasons.length > 0 && (
        <ul className={styles.reasons}>
          {certificate.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      <Facts
        facts={inOrder(certificate.figures).map(([name, value]) => ({
          name: fieldText(name),
          value: valueText(value),
          title: MEANINGS[name],
        }))}
      />
      {certificate.files.length > 0 && (
        <DenseTable caption="Certified files" columns={FILES} rows={certificate.files} keyOf={(one) => one.path} />
      )}
    </>
  );
}

function inOrder(figures: Certificate["figures"]): [string, unknown][] {
  const rank = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return Object.entries(figures).sort(([a], [b]) => rank(a) - rank(b));
}
