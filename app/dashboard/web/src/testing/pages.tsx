import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactElement } from "react";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { KnownCaller } from "../caller/Caller";
import type { Standing } from "../caller/caller";
import { ServerClockProvider } from "../live/ServerClock";
import { OPERATOR } from "./callers";
import { keyOf, serve } from "./server";

/** What a made server answers: a body, or a status and a body; or a function that makes either of the request. */
export type Answers = Readonly<Record<string, unknown>>;

/**
 * Shows a page at an address, with a server that answers by method and path, such as "GET /api/jobs"; 404 to all else.
 * It is shown to an operator unless to somebody else. The requests that were made are kept in `asked`.
 */
export function showPage(page: ReactElement, address: string, answers: Answers, standing: Standing = OPERATOR) {
  const { asked } = serve((request) => {
    const key = keyOf(request);
    const told = key in answers ? answers[key] : { status: 404, body: { title: "Not Found", detail: key } };
    return answerOf(typeof told === "function" ? told(request) : told);
  });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false }, mutations: { retry: false } } });
  const { hook, searchHook, history } = memoryLocation({ path: address, record: true });
  const shown = render(
    <QueryClientProvider client={client}>
      <ServerClockProvider>
        <KnownCaller standing={standing}>
          <Router hook={hook} searchHook={searchHook}>
            {page}
          </Router>
        </KnownCaller>
      </ServerClockProvider>
    </QueryClientProvider>,
  );
  return { ...shown, asked, history };
}

function answerOf(told: unknown): Response {
  const isWhole = typeof told === "object" && told !== null && "status" in told && "body" in told;
  const { status, body } = isWhole ? (told as { status: number; body: unknown }) : { status: 200, body: told };
  return Response.json(body, { status });
}
