import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { answered, api } from "../api/client";
import { useReadiness } from "../api/installation";
import { useLive } from "../live/LiveQuotes";
import { pipelineOf, type Signs } from "./pipeline";

const EVERY_MS = 10_000;

/** What the light shows and rests on; `answeredAt` is when Thor last answered by this machine's clock, null: never. */
export function usePipeline() {
  const opened = useRef(Date.now());
  const health = useReadiness();
  const collectors = useCollectors();
  const alerts = useUnresolvedAlerts();
  const { standing } = useLive();
  const signs: Signs = {
    failure: health.errorUpdatedAt > health.dataUpdatedAt ? (health.error ?? health.failureReason) : null,
    health: health.data,
    collectors: collectors.data?.collectors,
    alerts: alerts.data?.alerts,
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

function useCollectors() {
  return useQuery({
    queryKey: ["header", "collectors"],
    queryFn: ({ signal }) => answered(api.GET("/api/collectors", { signal })),
    refetchInterval: EVERY_MS,
  });
}

function useUnresolvedAlerts() {
  return useQuery({
    queryKey: ["header", "alerts"],
    queryFn: ({ signal }) =>
      answered(api.GET("/api/alerts", { params: { query: { state: "unresolved", limit: 100 } }, signal })),
    refetchInterval: EVERY_MS,
  });
}
