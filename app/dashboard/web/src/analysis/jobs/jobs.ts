import type { Shape } from "../../api/client";
import { countText, UNKNOWN } from "../../format/numbers";
import { dayText, durationText } from "../../format/times";
import type { Tone } from "../../ui/Badge";

/** An analysis that was asked for, and how far it is. */
export type Job = Shape<"JobAnswer">;
export type JobStatus = Job["status"];
export type JobKind = Job["kind"];

export const JOB_STATUSES: readonly JobStatus[] = ["pending", "running", "done", "failed", "cancelled"];
export const JOB_KINDS: readonly JobKind[] = ["full", "single", "multi", "series", "prediction"];

const TONES: Readonly<Record<JobStatus, Tone>> = {
  pending: "quiet",
  running: "info",
  done: "ok",
  failed: "bad",
  cancelled: "warn",
};

/** What colour a status has. */
export function statusTone(status: JobStatus): Tone {
  return TONES[status];
}

/** Whether nothing will happen to the job any more. */
export function isFinished(job: Job): boolean {
  return job.status === "done" || job.status === "failed" || job.status === "cancelled";
}

/** The status in words; a job that is told to end says so until it has. */
export function statusOf(job: Job): string {
  return job.cancel_asked && !isFinished(job) ? "ending" : job.status;
}

/** What is being done, in words: nobody works on a pending job yet. */
export function stageText(job: Job): string {
  if (job.cancel_asked && !isFinished(job)) return "told to end; it ends between two steps, within seconds";
  if (job.status === "pending") return job.attempt > 0 ? "waits to be taken again" : "waits for a worker";
  if (job.status === "running") return job.stage === "" ? "has begun" : job.stage;
  return job.error ?? "";
}

/** The trading days that it covers: Oct 28 – Nov 27, 2026, and the time frame that was asked for. */
export function rangeText(job: Job): string {
  const [first, last] = [job.start_date, job.end_date].map((day) => dayText(day).replace(/^\w+, /, ""));
  const isOneYear = job.start_date.slice(0, 4) === job.end_date.slice(0, 4);
  const from = isOneYear ? first?.replace(/, \d+$/, "") : first;
  const days = first === last ? last : `${from} – ${last}`;
  return job.timeframe ? `${days} (${job.timeframe})` : `${days}`;
}

/** How long it took, or has taken up to `now`; not known before it has begun. */
export function tookText(job: Job, now: number): string {
  if (job.started_at === null) return UNKNOWN;
  const end = job.finished_at === null ? now : Date.parse(job.finished_at);
  return durationText(Math.max(0, end - Date.parse(job.started_at)));
}

/** What it took beside time, in words, as far as it is known. */
export function resourcesText(job: Job): string {
  const { ticks, peak_mb, cpu_s } = job.resources;
  const told = [
    typeof ticks === "number" ? `${countText(ticks)} ticks` : null,
    typeof cpu_s === "number" ? `${cpu_s.toFixed(1)} s of a processor` : null,
    typeof peak_mb === "number" ? `${countText(peak_mb)} MB at most` : null,
  ];
  return told.filter((one) => one !== null).join(", ") || UNKNOWN;
}

/** The address of a job's page. */
export function jobHref(id: number): string {
  return `/analysis/${id}`;
}

/** The address under which two jobs are compared. */
export function compareHref(a: number, b: number): string {
  return `/analysis/compare?a=${a}&b=${b}`;
}
