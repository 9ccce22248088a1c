import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactElement } from "react";
import { vi } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { ServerClockProvider } from "../live/ServerClock";

/** What a made server answers: a body, or a status and a body. */
export type Answers = Readonly<Record<string, unknown | { status: number; body: unknown }>>;

/**
 * Shows a page at an address, with a server that answers by method and path, such as "GET /api/jobs"; 404 to all else.
 * The requests that were made are kept in `asked`.
 */
export function showPage(page: ReactElement, address: string, answers: Answers) {
  const asked: Request[] = [];
  vi.stubGlobal("fetch", async (input: Request | string, init?: RequestInit) => {
    const request = input instanceof Request ? input : new Request(new URL(input, window.location.origin), init);
    asked.push(request.clone());
    const key = `${request.method} ${new URL(request.url).pathname}`;
    return answerOf(key in answers ? answers[key] : { status: 404, body: { title: "Not Found", detail: key } });
  });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false }, mutations: { retry: false } } });
  const { hook, searchHook, history } = memoryLocation({ path: address, record: true });
  const shown = render(
    <QueryClientProvider client={client}>
      <ServerClockProvider>
        <Router hook={hook} searchHook={searchHook}>
          {page}
        </Router>
      </ServerClockProvider>
    </QueryClientProvider>,
  );
  return { ...shown, asked, history };
}

function answerOf(told: unknown): Response {
  const isWhole = typeof told === "object" && told !== null && "status" in told && "body" in told;
  const { status, body } = isWhole ? (told as { status: number; body: unknown }) : { status: 200, body: told };
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
}
