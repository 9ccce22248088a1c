import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { Route, Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { makeQueryClient } from "../api/queryClient";
import { ServerClockProvider } from "../live/ServerClock";
import PremarketPage from "./PremarketPage";
import type { Ladder, Stage } from "./words";

// The API's client takes hold of `fetch` when it is loaded, so this is there before it.
const server = vi.hoisted(() => {
  const answers = new Map<string, [number, unknown]>();
  const asked: string[] = [];
  globalThis.fetch = async (input) => {
    const { pathname } = new URL(input instanceof Request ? input.url : String(input));
    asked.push(pathname);
    const [status, body] = answers.get(pathname) ?? [404, { title: "Not Found", detail: `nothing at ${pathname}` }];
    return Response.json(body, { status });
  };
  return { answers, asked };
});

const REPORT: Stage = {
  stage: "report",
  status: "planned",
  verdict: null,
  planned_at: "2026-11-27T14:00:00.000000Z",
  deadline_at: "2026-11-27T14:05:00.000000Z",
  asof: null,
  started_at: null,
  done_at: null,
  late_s: null,
  reasons: [],
  jobs: {},
};
const WAITING: Ladder = {
  market: "CME_Futures",
  session_date: "2026-11-27",
  phase: "waiting",
  verdict: null,
  reasons: [],
  opens_at: "2026-11-27T14:30:00.000000Z",
  seconds_to_open: 3_600,
  asof: null,
  made_at: null,
  verified_at: null,
  job_id: null,
  sha256: null,
  stages: [REPORT],
};

beforeEach(() => {
  server.answers.clear();
  server.asked.length = 0;
  server.answers.set("/api/premarket", [200, { market: "CME_Futures", ladders: [], next_cursor: null }]);
  server.answers.set("/api/predictions/performance", [
    200,
    { as_of: "2026-11-27T00:00:00Z", status: "insufficient_data", reason: "no session was scored", performance: [] },
  ]);
});

it("a day without a ladder is told with the server's reason, and leads to the one at hand", async () => {
  server.answers.set("/api/premarket/2026-11-26", [
    404,
    { title: "Not Found", detail: "2026-11-26 has no ladder: Thanksgiving" },
  ]);
  show("/premarket/2026-11-26");

  expect(await screen.findByText("2026-11-26 has no ladder: Thanksgiving")).toBeDefined();
  expect(screen.getByRole("link", { name: "The ladder at hand" }).getAttribute("href")).toBe("/premarket");
  expect(screen.queryByRole("alert")).toBeNull();
});

it("a ladder that waits says so, and its report is not asked for", async () => {
  server.answers.set("/api/premarket/latest", [200, WAITING]);
  show("/premarket");

  expect(await screen.findByText("WAITING")).toBeDefined();
  expect(screen.getByText("not yet")).toBeDefined();
  expect(server.asked.filter((path) => path.endsWith("/report"))).toEqual([]);
});

it("a verdict is told in words with its reasons", async () => {
  const late = { ...WAITING, phase: "over", verdict: "LATE", reasons: ["there was no report at the open"] };
  server.answers.set("/api/premarket/latest", [200, late]);
  show("/premarket");

  expect(await screen.findByText("The report was not made by its deadline, or only after that.")).toBeDefined();
  expect(screen.getByText("there was no report at the open")).toBeDefined();
});

it("too little data for a track record is told with its reason", async () => {
  server.answers.set("/api/premarket/latest", [200, WAITING]);
  show("/premarket");

  expect(await screen.findByText("no session was scored")).toBeDefined();
});

it("what goes wrong is shown with a way to try again", async () => {
  server.answers.set("/api/premarket/latest", [400, { title: "Bad Request", detail: "the day is wrong" }]);
  show("/premarket");

  expect(await screen.findByText("the day is wrong")).toBeDefined();
  expect(screen.getByRole("button", { name: "Try again" })).toBeDefined();
});

function show(path: string) {
  const { hook } = memoryLocation({ path });
  render(
    <QueryClientProvider client={makeQueryClient()}>
      <ServerClockProvider>
        <Router hook={hook}>
          <Route path="/premarket/:day?" component={PremarketPage} />
        </Router>
      </ServerClockProvider>
    </QueryClientProvider>,
  );
}
