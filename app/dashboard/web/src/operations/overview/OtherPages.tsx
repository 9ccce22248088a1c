import { useDesk } from "../../api/installation";
import { useMay } from "../../caller/Caller";
import { Panel } from "../../ui/Panel";
import { QueryView } from "../../ui/states";
import styles from "./Overview.module.css";

/** Thor's other pages. */
export function OtherPages() {
  const desk = useDesk();
  const { may } = useMay("admin");
  return (
    <Panel title="Other pages">
      <QueryView query={desk} what="addresses">
        {(told) => (
          <ul className={styles.pages}>
            <li>
              {told.flower_url === null ? "Flower" : <a href={told.flower_url}>Flower</a>}
              <p>{told.flower_url === null ? "does not run here" : "the tasks of the workers and their queues"}</p>
            </li>
            <li>
              {may ? <a href={told.admin_path}>Admin</a> : "Admin"}
              <p>the tables of the database{!may && ": for admins"}</p>
            </li>
            <li>
              <a href={told.docs_path}>API</a>
              <p>every endpoint, to read and to try</p>
            </li>
            <li>
              <a href="/metrics">Metrics</a>
              <p>figures for Prometheus</p>
            </li>
            <li className="quiet">Thor {told.version}</li>
          </ul>
        )}
      </QueryView>
    </Panel>
  );
}
