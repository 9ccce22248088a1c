import { useReadiness } from "../../api/installation";
import { countText, decimalText } from "../../format/numbers";
import { ageText } from "../../format/times";
import { Badge } from "../../ui/Badge";
import type { Column } from "../../ui/DataTable";
import { Panel } from "../../ui/Panel";
import { QueryView } from "../../ui/states";
import { DenseTable } from "../parts/DenseTable";
import { Balance } from "./Balance";
import type { Point } from "./curve";
import { type Figure, figuresOf } from "./figures";
import type { Sample } from "./history";
import { LiveFigure } from "./LiveFigure";
import { LossTotals } from "./LossTotals";
import styles from "./pipeline.module.css";

const COLUMNS: readonly Column<Figure>[] = [
  { key: "part", heading: "Part", cell: (one) => one.part },
  { key: "name", heading: "Figure", cell: (one) => one.name },
  { key: "value", heading: "Now", isNumber: true, cell: (one) => one.value },
  { key: "meaning", heading: "What it means", cell: (one) => <span className="quiet">{one.meaning}</span> },
  { key: "ok", heading: "Check", cell: checkOf },
];

/** How quotes flow: live lag and rate, every figure with its meaning, and what became of the day's events. */
export function PipelineSection({ history }: { history: readonly Sample[] }) {
  const readiness = useReadiness();
  const points = (name: "rate" | "behind" | "progress" | "fill"): Point[] =>
    history.map((one) => ({ at: one.at, value: one[name] }));
  return (
    <div className="stack">
      <Panel title="Now, and since this page was opened">
        <div className={styles.lives}>
          <LiveFigure
            name="Rate"
            meaning="events per second of all sources, mean of the last minute"
            points={points("rate")}
            text={(value) => `${decimalText(value, 1)} /s`}
            least={5}
          />
          <LiveFigure
            name="Behind"
            meaning="entries of the stream that no ingestor has read yet"
            points={points("behind")}
            text={countText}
            least={100}
          />
          <LiveFigure
            name="Last progress"
            meaning="since an ingestor last stored or found nothing to do"
            points={points("progress")}
            text={(value) => ageText(value * 1_000)}
            least={5}
          />
          <LiveFigure
            name="Stream's fill"
            meaning="share of the stream's room that is taken; beyond it the oldest entries leave"
            points={points("fill")}
            text={(value) => `${decimalText(value, 1)} %`}
            least={1}
          />
        </div>
      </Panel>
      <Balance />
      <div className={styles.columns}>
        <Panel title="Figures" flush>
          <QueryView query={readiness} what="figures">
            {(told) => (
              <DenseTable
                caption="Figures of the pipeline"
                columns={COLUMNS}
                rows={figuresOf(told.checks)}
                keyOf={(one) => one.part + one.name}
              />
            )}
          </QueryView>
        </Panel>
        <LossTotals />
      </div>
    </div>
  );
}

function checkOf({ isOk }: Figure) {
  if (isOk === null) return <span className="quiet">not known</span>;
  return <Badge tone={isOk ? "ok" : "bad"}>{isOk ? "ok" : "fails"}</Badge>;
}
