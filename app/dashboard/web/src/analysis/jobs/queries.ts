import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answered, api, type Shape } from "../../api/client";
import { isFinished, type Job, type JobKind, type JobStatus } from "./jobs";

const LIVELY_MS = 2_000;
const CALM_MS = 15_000;
const PAGE = 50;

/** Which jobs are shown; null is all. */
export interface JobFilters {
  readonly status: JobStatus | null;
  readonly symbol: string | null;
  readonly kind: JobKind | null;
}

/** Jobs, newest first, page by page; asked every two seconds while one of them is unfinished. */
export function useJobs(filters: JobFilters) {
  return useInfiniteQuery({
    queryKey: ["jobs", filters],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => {
      const asked = {
        status: filters.status ?? undefined,
        kind: filters.kind ?? undefined,
        symbol: filters.symbol ?? undefined,
      };
      const query = { ...asked, cursor: pageParam ?? undefined, limit: PAGE };
      return answered(api.GET("/api/jobs", { params: { query }, signal }));
    },
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.jobs.some((job) => !isFinished(job))) ? LIVELY_MS : CALM_MS,
  });
}

/** A job; asked every two seconds until it is finished, unless it is `followed` by its stream. */
export function useJob(id: number, followed = false) {
  return useQuery({
    queryKey: ["job", id],
    queryFn: ({ signal }) => answered(api.GET("/api/jobs/{job_id}", { params: { path: { job_id: id } }, signal })),
    refetchInterval: ({ state }) =>
      followed || state.data === undefined || isFinished(state.data) ? false : LIVELY_MS,
  });
}

/** What a job found; it never changes. */
export function useResults(id: number, isDone = true) {
  return useQuery({ ...resultsQuery(id), enabled: isDone });
}

/** The question for what a job found, for those who ask for several. */
export function resultsQuery(id: number) {
  return {
    queryKey: ["results", id],
    queryFn: ({ signal }: { signal: AbortSignal }) => readResults(id, signal),
    staleTime: Number.POSITIVE_INFINITY,
  };
}

/** Have a job end, or ask its question again; the latter gives the new job. */
export function useJobOrders() {
  const client = useQueryClient();
  const learn = (job: Job) => {
    client.setQueryData(["job", job.id], job);
    return client.invalidateQueries({ queryKey: ["jobs"] });
  };
  const cancel = useMutation({
    mutationFn: (id: number) =>
      answered(api.POST("/api/jobs/{job_id}/cancel", { params: { path: { job_id: id } }, body: {} })),
    onSuccess: learn,
  });
  const retry = useMutation({
    mutationFn: (id: number) => askAgain(id),
    onSuccess: ({ job }) => learn(job),
  });
  return { cancel, retry };
}

/** What an analysis found, as the API has it. */
export type ResultDocument = Shape<"DocumentAnswer">;
/** The job for what was asked; of the answer that it was there already OpenAPI has no shape, but it is the same. */
export type Submitted = Shape<"SubmittedAnswer">;

function askAgain(id: number): Promise<Submitted> {
  const call = api.POST("/api/jobs/{job_id}/retry", { params: { path: { job_id: id } }, body: {} });
  return answered(call) as Promise<Submitted>;
}

function readResults(id: number, signal: AbortSignal): Promise<ResultDocument> {
  const call = api.GET("/api/jobs/{job_id}/results", { params: { path: { job_id: id } }, signal });
  // The client accepts JSON alone; the other forms are texts.
  return answered(call) as Promise<ResultDocument>;
}
