import type { Ladder, Stage } from "./words";

/** What a ladder waits for: a stage to begin, or one at work to be done, at an instant. */
export interface Awaited {
  readonly stage: Stage["stage"];
  readonly what: "begins" | "is to be done";
  readonly at: string;
}

/** What a ladder waits for next; null once all stages have ended. */
export function awaited(stages: readonly Stage[]): Awaited | null {
  const atWork = stages.find(({ status }) => status === "started");
  if (atWork) return { stage: atWork.stage, what: "is to be done", at: atWork.deadline_at };
  const planned = stages.find(({ status }) => status === "planned");
  return planned ? { stage: planned.stage, what: "begins", at: planned.planned_at } : null;
}

/** A stretch of a timeline, both ends as parts of its length from 0 to 1. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Where things lie on the timeline of a ladder, which goes from the first stage's begin to the last one's deadline. */
export class Timeline {
  private readonly begin: number;
  private readonly length: number;

  constructor(ladder: Pick<Ladder, "stages">) {
    const due = ladder.stages.map((stage) => Date.parse(stage.planned_at));
    const ends = ladder.stages.map((stage) => Date.parse(stage.deadline_at));
    this.begin = Math.min(...due);
    this.length = Math.max(...ends) - this.begin;
  }

  /** The part of the timeline before an instant; null where that lies outside. */
  placeOf(ms: number): number | null {
    const place = (ms - this.begin) / this.length;
    return place >= 0 && place <= 1 ? place : null;
  }

  /** The time that a stage was given. */
  given(stage: Stage): Stretch {
    return this.stretch(Date.parse(stage.planned_at), Date.parse(stage.deadline_at));
  }

  /** The time that a stage has taken up to `nowMs`, cut at the timeline's end; null where none of it lies there. */
  taken(stage: Stage, nowMs: number): Stretch | null {
    if (stage.started_at === null) return null;
    const stretch = this.stretch(Date.parse(stage.started_at), stage.done_at ? Date.parse(stage.done_at) : nowMs);
    return stretch.from >= 1 ? null : stretch;
  }

  private stretch(beginMs: number, endMs: number): Stretch {
    const part = (ms: number) => Math.min(1, Math.max(0, (ms - this.begin) / this.length));
    return { from: part(beginMs), to: part(Math.max(beginMs, endMs)) };
  }
}

/** Days beside another one; undefined where none is known. */
export interface Neighbours {
  readonly previous?: string;
  readonly next?: string;
}

/** The days beside one among ladders, which come latest first. */
export function neighbours(ladders: readonly Pick<Ladder, "session_date">[], day: string | undefined): Neighbours {
  if (day === undefined) return {};
  return {
    previous: ladders.find((one) => one.session_date < day)?.session_date,
    next: ladders.findLast((one) => one.session_date > day)?.session_date,
  };
}
