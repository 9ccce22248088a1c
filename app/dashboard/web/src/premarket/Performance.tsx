import { useState } from "react";
import { Panel } from "../ui/Panel";
import { Empty, QueryView } from "../ui/states";
import { keyOf, usePerformance } from "./performance";
import { SeriesDetail } from "./SeriesDetail";
import { SeriesTable } from "./SeriesTable";

/** How past predictions did: each model, symbol and horizon, and one of them closely. */
export function Performance() {
  const performance = usePerformance();
  const [chosen, choose] = useState<string | null>(null);
  return (
    <QueryView
      query={performance}
      what="track record"
      isEmpty={(told) => told.performance.length === 0}
      empty={
        <Panel title="How past predictions did">
          <Empty title="Too little data">
            <p>{performance.data?.reason ?? "no prediction has an outcome yet"}</p>
            <p>A prediction counts once its time has come and its session is over; a figure needs 30 outcomes.</p>
          </Empty>
        </Panel>
      }
    >
      {({ performance: all, reason }) => {
        const shown = all.find((series) => keyOf(series) === chosen) ?? all[0];
        return (
          <>
            <Panel title="How past predictions did" flush>
              {reason && <p className="quiet">{reason}</p>}
              <SeriesTable series={all} shown={shown && keyOf(shown)} onShow={choose} />
            </Panel>
            {shown && <SeriesDetail series={shown} />}
          </>
        );
      }}
    </QueryView>
  );
}
