import { useQuery } from "@tanstack/react-query";
import { answered, api, type MarketName } from "../api/client";
import { useServerClock } from "../live/ServerClock";
import type { Session } from "./sessionWords";

const AT_LEAST_EVERY_MS = 60_000;
const RETRY_MS = 5_000;
const AFTER_TRANSITION_MS = 250;

/**
 * The market now, asked anew at its next transition and every minute; each answer sets the server's clock.
 *
 * Nothing is asked while no market is named.
 */
export function useSession(market: string | null) {
  const clock = useServerClock();
  return useQuery({
    queryKey: ["session", market],
    enabled: market !== null,
    queryFn: async ({ signal }) => {
      const asked = performance.now();
      const session = await answered(
        api.GET("/api/session", { params: { query: { market: market as MarketName } }, signal }),
      );
      clock.set(session.current_time, performance.now() - asked);
      return session;
    },
    refetchInterval: ({ state }) => (state.status === "error" ? RETRY_MS : askAgainMs(state.data, clock.now())),
  });
}

/** How long to wait before a session is asked anew. */
export function askAgainMs(session: Session | undefined, nowMs: number): number {
  if (session === undefined) return RETRY_MS;
  const left = Date.parse(session.next_transition) - nowMs + AFTER_TRANSITION_MS;
  return Math.min(AT_LEAST_EVERY_MS, Math.max(1_000, left));
}
