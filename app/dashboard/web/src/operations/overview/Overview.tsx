import { Panel } from "../../ui/Panel";
import { Attention } from "./Attention";
import { Checks } from "./Checks";
import { OtherPages } from "./OtherPages";
import styles from "./Overview.module.css";
import { Tiles } from "./Tiles";
import type { Overview as Standing } from "./useOverview";

/** What needs attention, how each part does, and where else to look. */
export function Overview({ overview }: { overview: Standing }) {
  return (
    <div className={styles.overview}>
      <div className="stack">
        <Panel title="Needs attention" flush>
          <Attention overview={overview} />
        </Panel>
        <Tiles overview={overview} />
      </div>
      <div className="stack">
        <Panel title="Readiness" flush>
          <Checks />
        </Panel>
        <OtherPages />
      </div>
    </div>
  );
}
