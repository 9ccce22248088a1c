import { usePreferences } from "../preferences/preferences";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import styles from "./ColumnsDialog.module.css";
import { COLUMNS, shownColumns } from "./columns";

/** Which columns are shown; the choice is kept in this browser. */
export function ColumnsDialog({ windowWidth, onClose }: { windowWidth: number; onClose: () => void }) {
  const [{ quoteColumns }, change] = usePreferences();
  const shown = new Set(shownColumns(quoteColumns, windowWidth).map((one) => one.key));
  return (
    <Dialog title="Columns" onClose={onClose}>
      <div className="stack">
        <ul className={styles.list}>
          {COLUMNS.filter((one) => one.key !== "symbol").map((one) => (
            <li key={one.key}>
              <label>
                <input
                  type="checkbox"
                  checked={shown.has(one.key)}
                  onChange={(event) => change({ quoteColumns: { ...quoteColumns, [one.key]: event.target.checked } })}
                />
                <span>
                  {one.heading}
                  <span className="quiet"> {one.title}</span>
                </span>
              </label>
            </li>
          ))}
        </ul>
        <div className="row">
          <Button disabled={Object.keys(quoteColumns).length === 0} onClick={() => change({ quoteColumns: {} })}>
            As many as there is room for
          </Button>
          <Button kind="primary" onClick={onClose}>
            Done
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
