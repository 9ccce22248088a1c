import { type Collector, useCollectors } from "../../api/operations";
import { hasFigures } from "../../signs/feedHealth";
import { Instant } from "../../ui/Instant";
import { Empty, QueryView } from "../../ui/states";
import { CollectorPanel } from "./CollectorPanel";
import styles from "./collectors.module.css";

/** How each source is collected, and what can be done about it. */
export function CollectorsSection() {
  const collectors = useCollectors();
  return (
    <QueryView
      query={collectors}
      what="collectors"
      isEmpty={(told) => told.collectors.length === 0}
      empty={<Empty title="No source can have a collector here" />}
    >
      {(told) => (
        <div className="stack">
          <p className="quiet">
            A source is judged by what it brings, not by whether its process lives. As of{" "}
            <Instant at={told.as_of} form="time" />, asked every 3 s.
          </p>
          <div className={styles.collectors}>
            {knownFirst(told.collectors).map((collector) => (
              <CollectorPanel key={collector.source} collector={collector} />
            ))}
          </div>
        </div>
      )}
    </QueryView>
  );
}

function knownFirst(collectors: readonly Collector[]): Collector[] {
  return [...collectors].sort((a, b) => Number(hasFigures(b)) - Number(hasFigures(a)));
}
