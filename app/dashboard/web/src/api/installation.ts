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

/** Readiness with every check's figures, asked every `everyMs`; not ready is an answer, no error. */
export function useReadiness(everyMs = 5_000) {
  return useQuery({
    queryKey: ["readiness"],
    queryFn: async ({ signal }) => {
      const answer = await api.GET("/api/health/ready", { signal });
      return answer.response.status === 503 && answer.error !== undefined
        ? (answer.error as unknown as NonNullable<typeof answer.data>)
        : answered(Promise.resolve(answer));
    },
    refetchInterval: everyMs,
  });
}
