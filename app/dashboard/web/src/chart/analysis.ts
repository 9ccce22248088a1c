import { useQuery } from "@tanstack/react-query";
import { answered, api, type Shape } from "../api/client";

type Job = Shape<"JobsAnswer">["jobs"][number];
/** What an analysis found, of all its symbols. */
export type AnalysisDocument = Shape<"DocumentAnswer">;
/** What the newest analysis recommends for a symbol. */
export type Signal = Shape<"SignalsAnswer.SignalAnswer">;

const RECENT_JOBS = 20;
const EVERY_MS = 60_000;

/** The finished analysis of a symbol that knows most, and what it found; null where none has finished. */
export function useAnalysis(symbol: string) {
  const jobs = useQuery({
    queryKey: ["jobs", "newest", symbol],
    queryFn: ({ signal }) =>
      answered(api.GET("/api/jobs", { params: { query: { symbol, status: "done", limit: RECENT_JOBS } }, signal })),
    select: (answer) => newestJob(answer.jobs),
    refetchInterval: EVERY_MS,
  });
  const id = jobs.data?.id;
  const found = useQuery({
    queryKey: ["job-results", id],
    queryFn: async ({ signal }) =>
      (await answered(
        api.GET("/api/jobs/{job_id}/results", { params: { path: { job_id: id ?? 0 } }, signal }),
      )) as AnalysisDocument, // The client accepts JSON alone.
    enabled: id !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return { jobs, found };
}

/** The newest signal of a symbol; null without one. */
export function useSignal(symbol: string) {
  return useQuery({
    queryKey: ["signals", symbol],
    queryFn: ({ signal }) => answered(api.GET("/api/signals", { params: { query: { symbol } }, signal })),
    select: (answer): Signal | null => answer.signals.find((one) => one.symbol === symbol) ?? null,
    refetchInterval: EVERY_MS,
  });
}

/** Of jobs, the one that looks for levels and has the latest as-of; an analysis of a past day is no news. */
export function newestJob(jobs: readonly Job[]): Job | null {
  const able = jobs.filter((job) => job.kind === "full" || job.kind === "single");
  return able.reduce<Job | null>((best, job) => (best === null || knownAt(job) > knownAt(best) ? job : best), null);
}

// Without an as-of of its own a job knew what there was when its work began.
function knownAt(job: Job): number {
  return Date.parse(job.asof ?? job.started_at ?? job.created_at);
}
