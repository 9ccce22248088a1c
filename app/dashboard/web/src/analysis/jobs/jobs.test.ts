import { describe, expect, it } from "vitest";
import { madeJob } from "../../testing/jobs";
import { isFinished, rangeText, resourcesText, stageText, statusOf, tookText } from "./jobs";

describe("a job", () => {
  it("is finished when it is done, failed or cancelled, and not before", () => {
    expect(
      (["pending", "running", "done", "failed", "cancelled"] as const).map((status) => isFinished(madeJob({ status }))),
    ).toEqual([false, false, true, true, true]);
  });

  it("says that nobody works on it yet, what is being done, and why it failed", () => {
    expect(stageText(madeJob({ status: "pending", attempt: 0 }))).toBe("waits for a worker");
    expect(stageText(madeJob({ status: "pending", attempt: 1 }))).toBe("waits to be taken again");
    expect(stageText(madeJob({ status: "running", stage: "Prediction: ES 1h" }))).toBe("Prediction: ES 1h");
    expect(stageText(madeJob({ status: "failed", error: "there are no ticks" }))).toBe("there are no ticks");
  });

  it("is ending while it was told to and has not", () => {
    expect(statusOf(madeJob({ status: "running", cancel_asked: true }))).toBe("ending");
    expect(statusOf(madeJob({ status: "cancelled", cancel_asked: true }))).toBe("cancelled");
  });

  it("has taken no known time before it has begun, and counts up to now until it has ended", () => {
    const started_at = "2026-11-27T12:00:00Z";
    expect(tookText(madeJob({ started_at: null }), 0)).toBe("–");
    expect(tookText(madeJob({ started_at, finished_at: null }), Date.parse("2026-11-27T12:00:07Z"))).toBe("7 s");
    expect(tookText(madeJob({ started_at, finished_at: "2026-11-27T12:01:05Z" }), 0)).toBe("1 min 05 s");
  });

  it("names its days, and the time frame that was asked for", () => {
    const days = (start_date: string, end_date: string, timeframe: string | null = null) =>
      rangeText(madeJob({ start_date, end_date, timeframe }));

    expect(days("2026-11-24", "2026-11-24")).toBe("Nov 24, 2026");
    expect(days("2026-10-28", "2026-11-27", "30days")).toBe("Oct 28 – Nov 27, 2026 (30days)");
    expect(days("2025-12-30", "2026-01-02")).toBe("Dec 30, 2025 – Jan 2, 2026");
  });

  it("tells of what it took only what is known", () => {
    expect(resourcesText(madeJob({ resources: { ticks: 18000 } }))).toBe("18,000 ticks");
    expect(resourcesText(madeJob({ resources: {} }))).toBe("–");
  });
});
