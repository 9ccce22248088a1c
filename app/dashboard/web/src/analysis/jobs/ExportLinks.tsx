import styles from "./ExportLinks.module.css";

const FORMS = [
  { form: "html", text: "Report" },
  { form: "xlsx", text: "XLSX" },
  { form: "csv", text: "CSV" },
  { form: "json", text: "JSON" },
] as const;

/** What an analysis found, to take away: the report opens in a window of its own, the others are saved. */
export function ExportLinks({ id }: { id: number }) {
  return (
    <nav className={styles.exports} aria-label="Export">
      <span className="quiet">Export</span>
      {FORMS.map(({ form, text }) => (
        <a
          key={form}
          href={`/api/jobs/${id}/results?format=${form}`}
          {...(form === "html" ? { target: "_blank", rel: "noreferrer" } : { download: `analysis-${id}.${form}` })}
        >
          {text}
        </a>
      ))}
    </nav>
  );
}
