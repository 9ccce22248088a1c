import { useQuery } from "@tanstack/react-query";
import { answered, api } from "./client";

/** What a front end must know of the installation; it does not change while the server runs. */
export function useDesk() {
  return useQuery({
    queryKey: ["desk"],
    queryFn: ({ signal }) => answered(api.GET("/api/desk", { signal })),
    staleTime: 600_000,
  });
}

/** All instruments by symbol, with their ticks, formats and hours. */
export function useInstruments() {
  return useQuery({
    queryKey: ["instruments"],
    queryFn: ({ signal }) => answered(api.GET("/api/instruments", { signal })),
    select: (answer) => new Map(answer.instruments.map((one) => [one.symbol, one])),
    staleTime: 60_000,
  });
}

/** Health with every check's figures, asked every `everyMs`; that Thor is not ready is an answer, no error. */
export function useReadiness(everyMs = 5_000) {
  return useQuery({
    queryKey: ["readiness"],
    queryFn: ({ signal }) => answered(api.GET("/api/health", { signal: soonEnough(signal) })),
    refetchInterval: everyMs,
    // It is asked again soon anyway, and until then it must not pass for well.
    retry: false,
  });
}

// The checks answer within 3 seconds also when a server is silent: who is silent for longer is away.
function soonEnough(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(6_000)]);
}
