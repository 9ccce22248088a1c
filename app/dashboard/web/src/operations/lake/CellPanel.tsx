import { bytesText, countText } from "../../format/numbers";
import { dayText } from "../../format/times";
import { Badge } from "../../ui/Badge";
import { Instant } from "../../ui/Instant";
import { Panel } from "../../ui/Panel";
import { Facts } from "../parts/Facts";
import { type Cell, type Partition, STATES } from "./grid";
import styles from "./lake.module.css";

/** What the lake has of a symbol on a day, file by file. */
export function CellPanel({ cell }: { cell: Cell | undefined }) {
  if (cell === undefined) {
    return (
      <Panel title="Files">
        <p className="quiet">Choose a cell to see its files: rows, size, times and hash.</p>
      </Panel>
    );
  }
  return (
    <Panel title={`${cell.symbol}, ${dayText(cell.date)}`}>
      <div className="stack">
        {cell.files.map((file) => (
          <FileFacts key={file.timeframe ?? "ticks"} file={file} />
        ))}
      </div>
    </Panel>
  );
}

function FileFacts({ file }: { file: Partition }) {
  const state = STATES[file.state];
  return (
    <div className={styles.file}>
      <div className="row">
        <strong>{file.timeframe === null ? file.kind : `${file.kind} of ${file.timeframe}`}</strong>
        <Badge tone={state.tone}>{file.state}</Badge>
      </div>
      <p className="quiet">{file.detail ?? state.meaning}</p>
      <Facts
        facts={[
          { name: file.bytes === null ? "ticks that wait" : "rows", value: countText(file.rows) },
          { name: "size", value: bytesText(file.bytes) },
          { name: "first", value: <Instant at={file.first_ts} form="short" /> },
          { name: "last", value: <Instant at={file.last_ts} form="short" /> },
          { name: "written", value: <Instant at={file.written_at} form="short" /> },
          { name: "verified", value: <Instant at={file.verified_at} form="short" />, title: "read whole since" },
          { name: "purged", value: <Instant at={file.purged_at} form="short" />, title: "its ticks left the database" },
        ]}
      />
      {file.sha256 !== null && <p className={styles.hash}>SHA-256 {file.sha256}</p>}
    </div>
  );
}
