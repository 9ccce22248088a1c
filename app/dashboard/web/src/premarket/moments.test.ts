import { describe, expect, it } from "vitest";
import { awaited, neighbours, Timeline } from "./moments";
import type { Stage } from "./words";

function stage(told: Partial<Stage>): Stage {
  return {
    stage: "report",
    status: "planned",
    verdict: null,
    planned_at: "2026-11-25T14:00:00.000000Z",
    deadline_at: "2026-11-25T14:05:00.000000Z",
    asof: null,
    started_at: null,
    done_at: null,
    late_s: null,
    reasons: [],
    jobs: {},
    ...told,
  };
}
const FIRST = stage({
  stage: "composite",
  planned_at: "2026-11-25T13:00:00.000000Z",
  deadline_at: "2026-11-25T14:00:00.000000Z",
});
const LAST = stage({
  stage: "verify",
  planned_at: "2026-11-25T14:30:00.000000Z",
  deadline_at: "2026-11-25T15:00:00.000000Z",
});

describe("a ladder waits", () => {
  it("for the deadline of the stage at work, though others are planned", () => {
    const stages = [stage({ stage: "composite", status: "started" }), stage({})];
    expect(awaited(stages)).toEqual({
      stage: "composite",
      what: "is to be done",
      at: "2026-11-25T14:05:00.000000Z",
    });
  });
  it("for the first stage that is planned, else", () => {
    expect(awaited([stage({ stage: "composite", status: "skipped" }), stage({})])?.stage).toBe("report");
  });
  it("for nothing once all stages have ended", () => {
    expect(awaited([stage({ status: "late" }), stage({ status: "failed" })])).toBeNull();
  });
});

describe("the timeline", () => {
  const timeline = new Timeline({ stages: [FIRST, LAST] });

  it("goes from the first begin to the last deadline", () => {
    expect(timeline.given(FIRST)).toEqual({ from: 0, to: 0.5 });
    expect(timeline.given(LAST)).toEqual({ from: 0.75, to: 1 });
  });
  it("shows a stage at work up to the present", () => {
    const now = Date.parse("2026-11-25T13:30:00Z");
    expect(timeline.taken({ ...FIRST, started_at: "2026-11-25T13:00:00Z" }, now)).toEqual({ from: 0, to: 0.25 });
  });
  it("cuts a stage that was done after its end", () => {
    const late = { ...FIRST, started_at: "2026-11-25T14:00:00Z", done_at: "2026-11-27T00:46:00Z" };
    expect(timeline.taken(late, 0)).toEqual({ from: 0.5, to: 1 });
  });
  it("shows nothing of a stage that began after its end, or not at all", () => {
    expect(timeline.taken({ ...FIRST, started_at: "2026-11-27T00:46:00Z" }, 0)).toBeNull();
    expect(timeline.taken(FIRST, 0)).toBeNull();
  });
  it("has no place for the present of another day", () => {
    expect(timeline.placeOf(Date.parse("2026-11-27T01:00:00Z"))).toBeNull();
  });
});

describe("the days beside one", () => {
  const ladders = ["2026-11-27", "2026-11-25", "2026-11-24"].map((day) => ({ session_date: day }));

  it("are the nearest that have a ladder", () => {
    expect(neighbours(ladders, "2026-11-25")).toEqual({ previous: "2026-11-24", next: "2026-11-27" });
  });
  it("are found of a day that has none", () => {
    expect(neighbours(ladders, "2026-11-26")).toEqual({ previous: "2026-11-25", next: "2026-11-27" });
  });
  it("are not known at the ends, nor of no day", () => {
    expect(neighbours(ladders, "2026-11-27").next).toBeUndefined();
    expect(neighbours(ladders, "2026-11-24").previous).toBeUndefined();
    expect(neighbours(ladders, undefined)).toEqual({});
  });
});
