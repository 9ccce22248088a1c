import { useInstruments } from "../../api/installation";
import styles from "./Jobs.module.css";
import { JOB_KINDS, JOB_STATUSES } from "./jobs";
import type { JobFilters } from "./queries";

/** Which jobs are shown. */
export function JobFilterBar({ filters, onChange }: { filters: JobFilters; onChange: (filters: JobFilters) => void }) {
  const symbols = [...(useInstruments().data?.keys() ?? [])];
  return (
    <>
      <Filter
        name="Status"
        value={filters.status}
        options={JOB_STATUSES}
        onChange={(status) => onChange({ ...filters, status })}
      />
      <Filter
        name="Symbol"
        value={filters.symbol}
        options={symbols}
        onChange={(symbol) => onChange({ ...filters, symbol })}
      />
      <Filter
        name="Kind"
        value={filters.kind}
        options={JOB_KINDS}
        onChange={(kind) => onChange({ ...filters, kind })}
      />
    </>
  );
}

function Filter<Option extends string>({
  name,
  value,
  options,
  onChange,
}: {
  name: string;
  value: Option | null;
  options: readonly Option[];
  onChange: (value: Option | null) => void;
}) {
  return (
    <label className={styles.filter}>
      {name}
      <select
        className={styles.select}
        value={value ?? ""}
        onChange={(event) => onChange(options.find((option) => option === event.target.value) ?? null)}
      >
        <option value="">all</option>
        {options.map((option) => (
          <option key={option}>{option}</option>
        ))}
      </select>
    </label>
  );
}
