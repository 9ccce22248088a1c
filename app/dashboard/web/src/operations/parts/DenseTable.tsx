import { DataTable } from "../../ui/DataTable";
import styles from "./parts.module.css";

/** A table whose cells stay on one line, so that rows are low; what is in a `wrap` is the exception. */
export function DenseTable<Row>(props: Parameters<typeof DataTable<Row>>[0]) {
  return (
    <div className={styles.dense}>
      <DataTable {...props} />
    </div>
  );
}
