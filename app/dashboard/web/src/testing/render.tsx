import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type RenderResult, render } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { KnownCaller } from "../caller/Caller";
import type { Standing } from "../caller/caller";
import type { FakeThor } from "../live/fakes";
import { LiveDesk } from "../live/LiveDesk";
import { LiveQuotes } from "../live/LiveQuotes";
import { QuoteStore } from "../live/QuoteStore";
import { ServerClockProvider } from "../live/ServerClock";
import { OPERATOR } from "./callers";
import { keyOf, serve } from "./server";

/** A page on a made Thor, and where its links have led. */
export function renderLive(
  page: ReactNode,
  thor: FakeThor,
  standing: Standing = OPERATOR,
): RenderResult & { history: string[] } {
  const { hook, history } = memoryLocation({ path: "/", record: true });
  const desk = new LiveDesk(thor, new QuoteStore((flush) => queueMicrotask(flush)));
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const drawn = render(
    <QueryClientProvider client={queries}>
      <ServerClockProvider>
        <KnownCaller standing={standing}>
          <LiveQuotes desk={desk}>
            <Router hook={hook}>{page}</Router>
          </LiveQuotes>
        </KnownCaller>
      </ServerClockProvider>
    </QueryClientProvider>,
  );
  return { ...drawn, history };
}

/** Have fetch answer by method and path, such as `GET /api/desk`; whatever else is asked is not found. What was sent is kept. */
export function answerFetch(answers: Record<string, (body: unknown) => [number, unknown]>): { sent: unknown[] } {
  const sent: unknown[] = [];
  serve(async (request) => {
    const body: unknown = request.method === "GET" ? null : await request.json();
    if (body !== null) sent.push(body);
    const [status, told] = answers[keyOf(request)]?.(body) ?? [404, { title: "Not Found", detail: "not here" }];
    return Response.json(told, { status });
  });
  return { sent };
}

/** What jsdom lacks of a browser: windows over the page, and questions about its width (answered as wide). */
export function completeBrowser(): void {
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
    this.open = true;
  };
  HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
    this.open = false;
  };
  const nothing = () => {};
  const answer = { matches: true, addEventListener: nothing, removeEventListener: nothing };
  vi.stubGlobal("matchMedia", () => answer);
  vi.stubGlobal("CSS", { escape: (text: string) => text });
}
