import { QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "./problems";

/** A cache of answers. What is refused is not asked again; what may pass is, at most twice, after what the server says. */
export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Thor is on this machine or its network: whether there is an internet says nothing of it.
        networkMode: "always",
        staleTime: 5_000,
        retry: (failures, error) => failures < 2 && mayPass(error),
        retryDelay: (failures, error) => waitMs(failures, error),
        refetchOnWindowFocus: true,
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
}

function mayPass(error: Error): boolean {
  return error instanceof ApiProblem && (error.status === 0 || error.status === 429 || error.status >= 500);
}

function waitMs(failures: number, error: Error): number {
  const told = error instanceof ApiProblem ? error.retryAfterS : null;
  return told === null ? 500 * 2 ** failures * (0.75 + Math.random() / 2) : Math.min(told, 30) * 1_000;
}
