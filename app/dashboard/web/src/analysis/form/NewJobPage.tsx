import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { Link, useLocation } from "wouter";
import { answered, api, door, type Shape } from "../../api/client";
import { useInstruments } from "../../api/installation";
import { problemOf, unreachable } from "../../api/problems";
import { Panel } from "../../ui/Panel";
import { ErrorNote, QueryView } from "../../ui/states";
import { jobHref } from "../jobs/jobs";
import type { Submitted } from "../jobs/queries";
import { KIND_MEANINGS } from "../wording";
import { SchemaForm } from "./SchemaForm";
import { SubmitKey } from "./SubmitKey";
import { formOf, type OpenApi } from "./schema";

const OPENAPI = new URL("/openapi.json", window.location.origin);
const HINT =
  "Give a timeframe, which counts back from the last day, or a first and a last day, not both. Without either it is 30 days.";

/** Asks for a new analysis, by a form of the API's own schema. */
export function NewJobPage() {
  const openapi = useOpenApi();
  return (
    <div className="stack">
      <nav aria-label="Where this is">
        <Link href="/analysis">Analysis</Link> <span aria-hidden="true">›</span> New
      </nav>
      <h1>New analysis</h1>
      <Panel title="What to analyse">
        <QueryView query={openapi} what="form">
          {(document) => <JobForm document={document} />}
        </QueryView>
      </Panel>
      <Panel title="Kinds">
        <ul>
          {Object.entries(KIND_MEANINGS).map(([kind, meaning]) => (
            <li key={kind}>
              <strong>{kind}</strong>: {meaning}
            </li>
          ))}
        </ul>
      </Panel>
    </div>
  );
}

function JobForm({ document }: { document: OpenApi }) {
  const instruments = useInstruments();
  const submit = useSubmit();
  const form = formOf(document, "JobRequest");
  if (form === null) return <ErrorNote error={new Error("/openapi.json has no shape JobRequest to make a form of")} />;
  const all = [...(instruments.data?.values() ?? [])];
  const watched = all.filter((one) => one.watch_position !== null);
  const others = all.filter((one) => one.watch_position === null);
  watched.sort((one, other) => (one.watch_position ?? 0) - (other.watch_position ?? 0));
  const symbols = [...watched, ...others].map((one) => one.symbol);
  return (
    <SchemaForm
      form={form}
      known={all.length > 0 ? { symbols: { values: symbols, likely: watched.length } } : {}}
      hint={HINT}
      needs="operator"
      submitText={submit.isPending ? "Asking…" : "Start the analysis"}
      isBusy={submit.isPending}
      error={submit.error}
      onSubmit={submit.mutate}
    />
  );
}

function useSubmit() {
  const [, go] = useLocation();
  const client = useQueryClient();
  const key = useRef(new SubmitKey());
  return useMutation({
    mutationFn: (body: Record<string, unknown>) => {
      const headers = { "Idempotency-Key": key.current.of(body) };
      // The form is made of this very shape.
      return answered(api.POST("/api/jobs", { body: body as Shape<"JobRequest">, headers })) as Promise<Submitted>;
    },
    onSuccess: ({ job }) => {
      client.setQueryData(["job", job.id], job);
      void client.invalidateQueries({ queryKey: ["jobs"] });
      go(jobHref(job.id));
    },
  });
}

function useOpenApi() {
  return useQuery({ queryKey: ["openapi"], queryFn: ({ signal }) => readOpenApi(signal), staleTime: 600_000 });
}

async function readOpenApi(signal: AbortSignal): Promise<OpenApi> {
  const response = await door.pass(new Request(OPENAPI, { signal })).catch((cause: unknown) => {
    throw signal.aborted ? cause : unreachable(cause);
  });
  if (!response.ok) throw await problemOf(response, null);
  return (await response.json()) as OpenApi;
}
