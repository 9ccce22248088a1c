import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { expect, test, vi } from "vitest";
import { ServerClockProvider, useServerClock } from "../live/ServerClock";
import { answer, at } from "./samples";
import { useBars } from "./useBars";

test("how many of the newest bars are asked for is reckoned by the server's clock", async () => {
  const asked: (string | null)[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    asked.push(new URL(request.url).searchParams.get("last"));
    return new Response(JSON.stringify(answer("14:00:00", "14:05:00")), {
      headers: { "Content-Type": "application/json" },
    });
  });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const { result } = renderHook(() => ({ bars: useBars("ES", "1m", null), clock: useServerClock() }), {
    wrapper: ({ children }: { children: ReactNode }) => (
      <QueryClientProvider client={client}>
        <ServerClockProvider>{children}</ServerClockProvider>
      </QueryClientProvider>
    ),
  });
  await waitFor(() => expect(result.current.bars.first.isSuccess).toBe(true));

  result.current.clock.set(at("14:07:30"), 0);
  act(() => result.current.bars.tail.mutate());

  // Three minutes were begun since 14:05, and three bars before that may have changed.
  await waitFor(() => expect(asked).toEqual(["500", "6"]));
});
