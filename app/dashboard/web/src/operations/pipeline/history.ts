import { useEffect, useState } from "react";
import { useReadiness } from "../../api/installation";
import { type Check, type Collector, useCollectors } from "../../api/operations";
import { numberIn } from "../parts/values";

/** What was read of the pipeline at an instant; null was not known then. */
export interface Sample {
  /** Milliseconds since the epoch by this machine's clock. */
  readonly at: number;
  readonly rate: number | null;
  readonly behind: number | null;
  readonly progress: number | null;
  readonly fill: number | null;
}

// Half an hour of samples, five seconds apart.
const KEPT = 360;

/** The samples with another at their end, of which the oldest leave beyond half an hour's worth. */
export function withSample(samples: readonly Sample[], sample: Sample, kept = KEPT): readonly Sample[] {
  return [...samples.slice(-(kept - 1)), sample];
}

/** What checks and collectors say at an instant. */
export function sampleOf(
  at: number,
  checks: readonly Check[] | undefined,
  collectors: readonly Collector[] | undefined,
): Sample {
  const named = (name: string) => checks?.find((check) => check.name === name);
  const figures = collectors?.filter((one) => one.health_age_s !== null);
  return {
    at,
    rate: figures === undefined ? null : figures.reduce((sum, one) => sum + one.rate_per_s, 0),
    behind: numberIn(named("ingest"), "behind"),
    progress: numberIn(named("ingest"), "progress_age_s"),
    fill: numberIn(named("room"), "fill_percent"),
  };
}

/** Samples of the pipeline since this page was opened, half an hour at most. */
export function useSampling(): readonly Sample[] {
  const readiness = useReadiness();
  const collectors = useCollectors(5_000);
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const checks = readiness.isError ? undefined : readiness.data?.checks;
  const at = Math.max(readiness.dataUpdatedAt, readiness.errorUpdatedAt);
  const feeds = collectors.isError ? undefined : collectors.data?.collectors;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a sample is taken when readiness has answered or failed, once.
  useEffect(() => {
    if (at > 0) setSamples((before) => withSample(before, sampleOf(at, checks, feeds)));
  }, [at]);
  return samples;
}
