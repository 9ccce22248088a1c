import { DataTable } from "../../ui/DataTable";
import { Panel } from "../../ui/Panel";
import { Empty } from "../../ui/states";
import type { Job } from "../jobs/jobs";
import { titleOf } from "../wording";
import { differingSettings } from "./compare";

/** What was asked differently of two analyses. */
export function SettingsPanel({ a, b }: { a: Job; b: Job }) {
  const settings = differingSettings(a, b);
  return (
    <Panel title="Settings that differ" flush>
      {settings.length === 0 ? (
        <Empty title="None">Both were asked the same; what differs comes from the data or from when it was read.</Empty>
      ) : (
        <DataTable
          caption="Settings of both analyses"
          rows={settings}
          keyOf={(setting) => setting.name}
          columns={[
            { key: "name", heading: "Setting", cell: (setting) => titleOf(setting.name) },
            { key: "a", heading: `Analysis ${a.id}`, cell: (setting) => setting.a },
            { key: "b", heading: `Analysis ${b.id}`, cell: (setting) => setting.b },
          ]}
        />
      )}
    </Panel>
  );
}
