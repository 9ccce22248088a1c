import { Link } from "wouter";
import { percentText } from "../format/numbers";
import { Badge } from "../ui/Badge";
import { Instant } from "../ui/Instant";
import { Empty, ErrorNote, Loading, QueryView } from "../ui/states";
import type { Signal } from "./analysis";
import { levelText } from "./axisText";
import type { Switches } from "./ChartView";
import type { FoundLevel } from "./levels";
import styles from "./SidePanel.module.css";
import { reasonText, signalText } from "./signals";
import type { useAnalysisLines } from "./useAnalysisLines";
import type { Instrument } from "./useChart";

type Shown = ReturnType<typeof useAnalysisLines>;

/** What the last analysis says of the instrument: its signal and its levels, with their methods. */
export function SidePanel({
  switches,
  shown,
  instrument,
}: {
  switches: Switches;
  shown: Shown;
  instrument: Instrument;
}) {
  return (
    <>
      {switches.signal && (
        <section className={styles.part} aria-label="Signal">
          <h2>Signal</h2>
          <QueryView
            query={shown.signal}
            what="signal"
            isEmpty={(signal) => signal === null}
            empty={<Empty title="No signal">No analysis has recommended anything for {instrument.symbol} yet.</Empty>}
          >
            {(signal) =>
              signal && (
                <SignalBox signal={signal} reason={reasonText(signal, shown.found.data)} market={instrument.market} />
              )
            }
          </QueryView>
        </section>
      )}
      {switches.levels && (
        <section className={styles.part} aria-label="Levels">
          <h2>Levels</h2>
          <Levels shown={shown} instrument={instrument} />
        </section>
      )}
    </>
  );
}

function SignalBox({ signal, reason, market }: { signal: Signal; reason: string | null; market: string }) {
  const tone = !signal.valid
    ? "quiet"
    : { BUY: "ok" as const, SELL: "bad" as const, HOLD: "info" as const }[signal.side];
  return (
    <div className={styles.box}>
      <p>
        <Badge tone={tone}>{signalText(signal)}</Badge>
        {signal.side !== "HOLD" && <span> strength {percentText(signal.strength, 0)}</span>}
      </p>
      {reason !== null && <p>Reason: {reason}</p>}
      <p className="quiet">
        {signal.valid ? "Valid until" : "Expired"} <Instant at={signal.valid_until} form="short" market={market} />
      </p>
      <p className="quiet">
        As of <Instant at={signal.asof} form="short" market={market} />,{" "}
        <Link href={`/analysis/${signal.job_id}`}>analysis {signal.job_id}</Link>
      </p>
    </div>
  );
}

function Levels({ shown, instrument }: { shown: Shown; instrument: Instrument }) {
  const { jobs, found, levels } = shown;
  if (jobs.isError) return <ErrorNote error={jobs.error} retry={() => void jobs.refetch()} />;
  if (jobs.data === null) {
    return (
      <Empty title="No analysis yet">
        <Link href="/analysis">Ask for one</Link> to see levels here.
      </Empty>
    );
  }
  if (found.isError) return <ErrorNote error={found.error} retry={() => void found.refetch()} />;
  if (found.data === undefined || jobs.data === undefined) return <Loading what="levels" />;
  return (
    <div className={styles.box}>
      {levels === null || levels.length === 0 ? (
        <p>{levels === null ? "The analysis did not look for levels." : "The analysis found no level."}</p>
      ) : (
        <>
          <ul className={styles.levels}>
            {levels.map((level) => (
              <LevelItem key={`${level.side} ${level.price}`} level={level} instrument={instrument} />
            ))}
          </ul>
          <Methods levels={levels} />
        </>
      )}
      <p className="quiet">
        As of <Instant at={levels?.[0]?.asof || found.data.asof} form="short" market={instrument.market} />,{" "}
        <Link href={`/analysis/${jobs.data.id}`}>analysis {jobs.data.id}</Link>
      </p>
    </div>
  );
}

function LevelItem({ level, instrument }: { level: FoundLevel; instrument: Instrument }) {
  return (
    <li>
      <span className={styles.line}>
        <i
          className={`${styles.swatch} ${styles[level.side]} ${level.status === "ok" ? "" : styles.unsure}`}
          aria-hidden="true"
        />
        <span>{level.side}</span>
        <span className="number">{levelText(level.price, instrument)}</span>
      </span>
      {level.reason !== null && <span className="quiet">{level.reason}</span>}
      <span className="quiet">
        {level.bounceRate === null
          ? `Bounces: not known${level.bounceReason === null ? "" : ` (${level.bounceReason})`}`
          : `Bounced in ${percentText(level.bounceRate, 0)} of its touches`}
      </span>
    </li>
  );
}

function Methods({ levels }: { levels: readonly FoundLevel[] }) {
  const said = [...new Set(levels.map((level) => `${level.method} (${level.window})`))];
  return (
    <details>
      <summary>Method</summary>
      {said.map((one) => (
        <p key={one} className="quiet">
          {one}
        </p>
      ))}
    </details>
  );
}
