import { useRef } from "react";
import { useReadiness } from "../api/installation";
import { useAlerts, useCollectors } from "../api/operations";
import { useLive } from "../live/LiveQuotes";
import { pipelineOf, type Signs } from "./pipeline";

const EVERY_MS = 10_000;
const FIRST_PAGE = 100;

/** What the light shows and rests on; `answeredAt` is when Thor last answered by this machine's clock, null: never. */
export function usePipeline() {
  const opened = useRef(Date.now());
  const health = useReadiness();
  const collectors = useCollectors(EVERY_MS);
  const alerts = useAlerts({ state: "unresolved", limit: FIRST_PAGE });
  const { standing } = useLive();
  // While it is asked again nothing is known to be better.
  const last = useRef<Error | null>(null);
  if (health.error !== null) last.current = health.error;
  const failure = health.errorUpdatedAt > health.dataUpdatedAt ? last.current : null;
  const signs: Signs = {
    failure,
    health: health.data,
    collectors: collectors.data?.collectors,
    alerts: alerts.data?.alerts,
    unknown: [...(alerts.isError ? ["alerts"] : []), ...(collectors.isError ? ["collectors"] : [])],
    stream: standing.state,
  };
  return {
    ...pipelineOf(signs),
    signs,
    standing,
    hasMoreAlerts: alerts.data?.next_cursor != null,
    answeredAt: health.dataUpdatedAt === 0 ? null : health.dataUpdatedAt,
    openedAt: opened.current,
  };
}
