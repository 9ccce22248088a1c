import { useReadiness } from "../../api/installation";
import type { Check } from "../../api/operations";
import { Badge } from "../../ui/Badge";
import { type Column, DataTable } from "../../ui/DataTable";
import { QueryView } from "../../ui/states";
import { fieldText, valueText } from "../parts/values";

const COLUMNS: readonly Column<Check>[] = [
  {
    key: "ok",
    heading: "State",
    cell: (check) => <Badge tone={check.ok ? "ok" : "bad"}>{check.ok ? "ok" : "fails"}</Badge>,
  },
  { key: "name", heading: "Check", cell: (check) => <span title={figuresOf(check)}>{fieldText(check.name)}</span> },
  { key: "detail", heading: "What it says", cell: (check) => check.detail },
];

/** Every readiness check in its own words, those that fail first; its figures show when it is pointed at. */
export function Checks() {
  const readiness = useReadiness();
  return (
    <QueryView query={readiness} what="readiness checks" isEmpty={(told) => told.checks.length === 0}>
      {(told) => (
        <DataTable
          caption="Readiness checks"
          columns={COLUMNS}
          rows={[...told.checks].sort((a, b) => Number(a.ok) - Number(b.ok))}
          keyOf={(check) => check.name}
        />
      )}
    </QueryView>
  );
}

function figuresOf(check: Check): string {
  const figures = Object.entries(check).filter(([name]) => !["name", "ok", "detail"].includes(name));
  return figures.map(([name, value]) => `${fieldText(name)}: ${valueText(value)}`).join("\n");
}
