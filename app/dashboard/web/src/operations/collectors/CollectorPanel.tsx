import type { Collector } from "../../api/operations";
import { feedHealth, hasFigures, wantedText } from "../../signs/feedHealth";
import { Badge } from "../../ui/Badge";
import { Panel } from "../../ui/Panel";
import { Facts } from "../parts/Facts";
import { fieldText } from "../parts/values";
import { CollectorOrders } from "./CollectorOrders";
import styles from "./collectors.module.css";
import { collectorFacts } from "./facts";

/** A source: how it does and why, its figures, and orders to its collector. */
export function CollectorPanel({ collector }: { collector: Collector }) {
  const health = feedHealth(collector);
  const own = Object.entries(collector.figures).map(([name, value]) => ({ name: fieldText(name), value }));
  return (
    <Panel
      title={
        <span className={styles.title}>
          {collector.source}
          <Badge tone={health.tone}>{health.word}</Badge>
        </span>
      }
      actions={<span className="quiet">{wantedText(collector)}</span>}
    >
      <div className="stack">
        <p className={styles.why}>{health.why}</p>
        {collector.last_error !== null && <p className={styles.error}>Last error: {collector.last_error}</p>}
        {collector.fenced !== null && <p className={styles.error}>Displaced: {collector.fenced}</p>}
        {hasFigures(collector) ? (
          <Facts facts={[...collectorFacts(collector), ...own]} />
        ) : (
          <p className="quiet">
            No figures: no collector of it has run here. The workers here {collector.configured ? "can" : "cannot"}{" "}
            collect it{collector.process === null ? "" : `, and its own process lives: ${collector.process}`}.
          </p>
        )}
        <CollectorOrders collector={collector} />
      </div>
    </Panel>
  );
}
