import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import { Panel } from "../../ui/Panel";
import { Empty, QueryView } from "../../ui/states";
import styles from "../jobs/Jobs.module.css";
import { type Job, jobHref } from "../jobs/jobs";
import { type ResultDocument, useJob, useResults } from "../jobs/queries";
import { ComparedTable } from "./ComparedTable";
import { compareFigures } from "./compare";
import { SettingsPanel } from "./SettingsPanel";

/** Two analyses side by side. */
export function ComparePage() {
  const [search] = useSearchParams();
  const [a, b] = [Number(search.get("a")), Number(search.get("b"))];
  const areNamed = [a, b].every((id) => Number.isSafeInteger(id) && id > 0);
  return (
    <div className="stack">
      <nav aria-label="Where this is">
        <Link href="/analysis">Analysis</Link> <span aria-hidden="true">›</span> Compare
      </nav>
      {areNamed ? (
        <>
          <h1>
            Analysis <Link href={jobHref(a)}>{a}</Link> against <Link href={jobHref(b)}>{b}</Link>
          </h1>
          <Both a={a} b={b} />
        </>
      ) : (
        <Empty title="Two analyses are needed">
          Tick two that are done in the <Link href="/analysis">list</Link>, and choose “Compare”.
        </Empty>
      )}
    </div>
  );
}

function Both({ a, b }: { a: number; b: number }) {
  const [first, second] = [useJob(a), useJob(b)];
  return (
    <QueryView query={first} what={`analysis ${a}`}>
      {(ours) => (
        <QueryView query={second} what={`analysis ${b}`}>
          {(theirs) => <Jobs ours={ours} theirs={theirs} />}
        </QueryView>
      )}
    </QueryView>
  );
}

function Jobs({ ours, theirs }: { ours: Job; theirs: Job }) {
  const [first, second] = [
    useResults(ours.id, ours.status === "done"),
    useResults(theirs.id, theirs.status === "done"),
  ];
  const without = [ours, theirs].filter((job) => job.status !== "done");
  return (
    <>
      <SettingsPanel a={ours} b={theirs} />
      {without.length > 0 ? (
        <Empty title={`Analysis ${without.map((job) => `${job.id} is ${job.status}`).join(", ")}`}>
          Only what is done has figures to compare.
        </Empty>
      ) : (
        <QueryView query={first} what={`what ${ours.id} found`}>
          {(a) => (
            <QueryView query={second} what={`what ${theirs.id} found`}>
              {(b) => <Documents a={a} b={b} />}
            </QueryView>
          )}
        </QueryView>
      )}
    </>
  );
}

const TOGETHER = "all together";

function Documents({ a, b }: { a: ResultDocument; b: ResultDocument }) {
  const symbols = a.job.symbols.filter((symbol) => symbol in a.symbols && symbol in b.symbols);
  const only = [...Object.keys(a.symbols), ...Object.keys(b.symbols)].filter((symbol) => !symbols.includes(symbol));
  const choices = [...symbols, TOGETHER];
  const [shown, setShown] = useState(choices[0] ?? TOGETHER);
  const rows =
    shown === TOGETHER
      ? compareFigures(a.portfolio, b.portfolio, ["portfolio"])
      : compareFigures(a.symbols[shown], b.symbols[shown], ["symbols", shown]);
  return (
    <Panel
      title="Figures"
      flush
      actions={
        <label className={styles.filter}>
          Of
          <select className={styles.select} value={shown} onChange={(event) => setShown(event.target.value)}>
            {choices.map((choice) => (
              <option key={choice}>{choice}</option>
            ))}
          </select>
        </label>
      }
    >
      <ComparedTable key={shown} rows={rows} a={a.job.id} b={b.job.id} />
      {only.length > 0 && <p className={styles.more}>In one of them alone: {only.join(", ")}.</p>}
    </Panel>
  );
}
