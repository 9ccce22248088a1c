import type { Job } from "../analysis/jobs/jobs";

/** A job that is done, with whatever else a test wants of it. */
export function madeJob(parts: Partial<Job> = {}): Job {
  return {
    id: 7,
    kind: "full",
    symbols: ["ES", "NQ"],
    timeframe: null,
    start_date: "2026-10-28",
    end_date: "2026-11-27",
    asof: null,
    parameters: { seed: 1, equity: 100_000, horizons: ["1h", "5m"] },
    status: "done",
    stage: "",
    progress: 1,
    attempt: 1,
    error: null,
    requested_by: "api",
    retry_of: null,
    worker: "desk:1",
    cancel_asked: false,
    created_at: "2026-11-27T00:46:16.000000Z",
    started_at: "2026-11-27T00:46:16.500000Z",
    heartbeat_at: null,
    finished_at: "2026-11-27T00:46:20.500000Z",
    resources: { ticks: 18_000 },
    ...parts,
  };
}
