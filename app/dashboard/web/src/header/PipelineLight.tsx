import { useState } from "react";
import { durationText } from "../format/times";
import { useServerNow } from "../live/ServerClock";
import { PipelineDialog } from "./PipelineDialog";
import styles from "./PipelineLight.module.css";
import { type Level, lagText } from "./pipeline";
import type { usePipeline } from "./usePipeline";

/** The mark and the word of each level; the marks differ in shape, not in colour alone. */
export const LIGHTS: Readonly<Record<Level, { mark: string; word: string }>> = {
  good: { mark: "●", word: "Good" },
  attention: { mark: "▲", word: "Attention" },
  trouble: { mark: "■", word: "Trouble" },
  away: { mark: "✕", word: "Away" },
  unknown: { mark: "…", word: "Asking" },
};

/** One light for the whole pipeline; pressed, it tells everything that it rests on. */
export function PipelineLight({ pipeline }: { pipeline: ReturnType<typeof usePipeline> }) {
  const [isOpen, setOpen] = useState(false);
  const { mark, word } = LIGHTS[pipeline.level];
  return (
    <>
      <button
        type="button"
        className={`${styles.light} ${styles[pipeline.level]}`}
        aria-haspopup="dialog"
        title="How the pipeline does"
        onClick={() => setOpen(true)}
      >
        <span aria-hidden="true">{mark}</span>
        <strong>
          <span className="visually-hidden">Pipeline: </span>
          {word}
        </strong>
        <span className={styles.cause}>
          <Cause pipeline={pipeline} />
        </span>
      </button>
      <span className="visually-hidden" role="status">
        Pipeline: {word}
      </span>
      {isOpen && <PipelineDialog pipeline={pipeline} onClose={() => setOpen(false)} />}
    </>
  );
}

function Cause({ pipeline }: { pipeline: ReturnType<typeof usePipeline> }) {
  const { level, concerns, signs } = pipeline;
  if (level === "away") return <AwayFor pipeline={pipeline} />;
  const [first, ...others] = concerns;
  if (first !== undefined) return others.length === 0 ? first.text : `${first.text} (+${others.length})`;
  return lagText(signs.health?.checks ?? []) ?? "";
}

function AwayFor({ pipeline }: { pipeline: ReturnType<typeof usePipeline> }) {
  useServerNow();
  const { answeredAt, openedAt } = pipeline;
  const forMs = Date.now() - (answeredAt ?? openedAt);
  return `no answer for ${durationText(Math.floor(forMs / 1_000) * 1_000)}`;
}
