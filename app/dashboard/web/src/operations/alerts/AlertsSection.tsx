import { type Alert, useAlerts } from "../../api/operations";
import { ageText } from "../../format/times";
import { useServerNow } from "../../live/ServerClock";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import type { Column } from "../../ui/DataTable";
import { Instant } from "../../ui/Instant";
import { Panel } from "../../ui/Panel";
import { Empty, QueryView } from "../../ui/states";
import { severityTone } from "../overview/concerns";
import { DenseTable } from "../parts/DenseTable";
import { Choice, Filters, Pager } from "../parts/Filters";
import parts from "../parts/parts.module.css";
import { oneOf, useFilters, usePages } from "../parts/useFilters";
import { fieldText } from "../parts/values";
import { AlertDialog } from "./AlertDialog";
import { inOrder, RULES, standingText } from "./alerts";

const SEVERITIES = ["critical", "warning", "info"] as const;

/** What is wrong, the unresolved first; asked again every ten seconds. */
export function AlertsSection() {
  const [chosen, choose] = useFilters(["state", "severity", "rule", "alert"]);
  const asked = {
    state: oneOf(chosen.state, ["all"]),
    severity: oneOf(chosen.severity, SEVERITIES),
    rule: oneOf(chosen.rule, RULES),
  };
  const pages = usePages(JSON.stringify(asked));
  const alerts = useAlerts({ ...asked, cursor: pages.cursor });
  const now = useServerNow(5_000);
  const open = (id: number) => choose({ alert: String(id) });
  return (
    <>
      <Panel title="Alerts" flush actions={<AlertFilters chosen={chosen} choose={choose} />}>
        <QueryView
          query={alerts}
          what="alerts"
          isEmpty={(told) => told.alerts.length === 0}
          empty={<NoAlerts isAll={asked.state === "all"} />}
        >
          {(told) => (
            <>
              <DenseTable
                caption="Alerts, the unresolved first"
                columns={columns(now, open)}
                rows={inOrder(told.alerts)}
                keyOf={(one) => one.id}
              />
              <Pager pages={pages} next={told.next_cursor} />
            </>
          )}
        </QueryView>
      </Panel>
      {/^\d+$/.test(chosen.alert) && (
        <AlertDialog key={chosen.alert} id={Number(chosen.alert)} onClose={() => choose({ alert: "" })} />
      )}
    </>
  );
}

function AlertFilters({
  chosen,
  choose,
}: {
  chosen: { state: string; severity: string; rule: string };
  choose: (change: { state?: string; severity?: string; rule?: string }) => void;
}) {
  const severities = SEVERITIES.map((one) => [one, one] as const);
  const rules = RULES.map((one) => [one, fieldText(one)] as const);
  return (
    <Filters>
      <Choice
        label="State"
        value={chosen.state}
        options={[
          ["", "unresolved"],
          ["all", "all"],
        ]}
        onChange={(state) => choose({ state })}
      />
      <Choice
        label="Severity"
        value={chosen.severity}
        options={[["", "all"], ...severities]}
        onChange={(severity) => choose({ severity })}
      />
      <Choice
        label="Rule"
        value={chosen.rule}
        options={[["", "all"], ...rules]}
        onChange={(rule) => choose({ rule })}
      />
    </Filters>
  );
}

function NoAlerts({ isAll }: { isAll: boolean }) {
  if (isAll) return <Empty title="No alert was ever raised that these filters let through" />;
  return (
    <Empty title="No alert is unresolved">
      Rules are looked at every 15 seconds. “State: all” shows those that are over.
    </Empty>
  );
}

function columns(now: number, open: (id: number) => void): readonly Column<Alert>[] {
  return [
    {
      key: "severity",
      heading: "Severity",
      cell: (one) => <Badge tone={one.resolved_at ? "quiet" : severityTone(one.severity)}>{one.severity}</Badge>,
    },
    {
      key: "what",
      heading: "What",
      cell: (one) => (
        <div className={parts.wrap}>
          <Button kind="bare" className={parts.link} onClick={() => open(one.id)}>
            {one.title}
            {one.subject && `: ${one.subject}`}
          </Button>
          <div className="quiet">{one.detail}</div>
        </div>
      ),
    },
    { key: "standing", heading: "Standing", cell: standingText },
    { key: "raised", heading: "Since", cell: (one) => <Instant at={one.raised_at} form="short" /> },
    {
      key: "age",
      heading: "For",
      isNumber: true,
      title: "until it was over, or until now",
      cell: (one) => ageText((one.resolved_at ? Date.parse(one.resolved_at) : now) - Date.parse(one.raised_at)),
    },
    {
      key: "seen",
      heading: "Last found",
      isNumber: true,
      title: "how long ago its rule last found it so",
      cell: (one) => ageText(Math.max(0, now - Date.parse(one.seen_at))),
    },
    { key: "id", heading: "Id", isNumber: true, cell: (one) => one.id },
  ];
}
