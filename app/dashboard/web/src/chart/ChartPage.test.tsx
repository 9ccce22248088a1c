import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { beforeEach, expect, test, vi } from "vitest";
import { Route, Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { LiveQuotes } from "../live/LiveQuotes";
import { ServerClockProvider } from "../live/ServerClock";
import { serve } from "../testing/server";
import ChartPage from "./ChartPage";
import { answer, at } from "./samples";

const INSTRUMENT = {
  name: "E-mini",
  market: "CME_Futures",
  price_format: "D",
  tick_size: "0.25",
  tick_decimals: 2,
};
const INSTRUMENTS = [
  { ...INSTRUMENT, symbol: "YM", watch_position: 1 },
  { ...INSTRUMENT, symbol: "ES", watch_position: null },
];
let bars: () => Response | Promise<Response>;

test("without a symbol the first of the watchlist is opened", async () => {
  const { history } = open("/chart");

  await screen.findByRole("heading", { name: "Chart of YM" });
  expect(history.at(-1)).toBe("/chart/YM");
});

test("a symbol that does not exist is said, with a way to another", async () => {
  const { history } = open("/chart/XX");

  await screen.findByText("There is no instrument XX");
  await userEvent.selectOptions(screen.getByLabelText("Symbol"), "ES");
  expect(history.at(-1)).toBe("/chart/ES?timeframe=5m");
});

test("an address that cannot be decoded is taken as it is written", async () => {
  open("/chart/%25");

  expect(await screen.findByText("There is no instrument %")).toBeDefined();
});

test("that there are no bars yet is no error, and what to do is said", async () => {
  bars = () => problem(404, "there are no 5m bars of ES");
  open("/chart/ES");

  expect(await screen.findByText("No 5m bars of ES yet")).toBeDefined();
  expect(screen.queryByRole("alert")).toBeNull();
});

test("where there are no bars yet they are asked for again, and what was said stays until they come", async () => {
  bars = () => problem(404, "there are no 5m bars of ES");
  vi.useFakeTimers({ shouldAdvanceTime: true });
  open("/chart/ES");
  await screen.findByText("No 5m bars of ES yet");

  let answers = (_: Response) => {};
  bars = () =>
    new Promise((resolve) => {
      answers = resolve;
    });
  await act(() => vi.advanceTimersByTimeAsync(15_000));
  expect(screen.getByText("No 5m bars of ES yet")).toBeDefined();
  answers(json(answer("14:00:00", "14:02:00")));

  expect(await screen.findByRole("img", { name: /Candles/ })).toBeDefined();
});

test("an error is told in the server's words and can be tried again", async () => {
  bars = () => problem(409, "the file of 2026-11-24 is damaged");
  open("/chart/ES");

  expect((await screen.findByRole("alert")).textContent).toContain("the file of 2026-11-24 is damaged");
  bars = () => problem(404, "there are no 5m bars of ES");
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("No 5m bars of ES yet")).toBeDefined();
});

test("keys choose the timeframe", async () => {
  bars = () => problem(404, "none");
  const { history } = open("/chart/ES");
  await screen.findByText("No 5m bars of ES yet");

  await userEvent.keyboard("4");

  expect(await screen.findByText("No 1h bars of ES yet")).toBeDefined();
  expect(history.at(-1)).toContain("timeframe=1h");
});

test("the bars are there as a table, the newest first, with what the holes mean", async () => {
  bars = () =>
    json({
      ...answer("14:00:00", "14:02:00"),
      holes: [{ from: at("14:02:00"), to: at("14:03:00"), label: "no_feed" }],
    });
  open("/chart/ES?timeframe=1m");
  await screen.findByText(/since Nov 27, 2026|2 bars/);

  await userEvent.keyboard("t");

  const rows = (await screen.findAllByRole("row")).slice(1).map((row) => row.textContent);
  expect(rows[0]).toContain("no bar: no feed");
  expect(rows[1]).toContain("100.50");
  expect(rows).toHaveLength(3);
});

test("another source can be asked for, and it is said where that has none", async () => {
  const { history } = open("/chart/ES");
  const picker = await screen.findByLabelText("Source");

  bars = () => json({ ...answer("14:00:00", "14:00:00"), source: null, sources: [], previous_end: null });
  await userEvent.selectOptions(picker, "EXCEL");

  expect(await screen.findByText("No 5m bars of ES from EXCEL yet")).toBeDefined();
  expect(history.at(-1)).toContain("source=EXCEL");
});

test("whose software draws the chart is said, with a link", async () => {
  open("/chart/ES");

  expect((await screen.findByRole("link", { name: /tradingview/ })).getAttribute("href")).toBe(
    "https://www.tradingview.com/",
  );
});

// The canvas is not there in the tests' browser; what is drawn is seen in the end-to-end tests.
vi.mock("./CandleChart", () => ({
  CandleChart: ({ label }: { label: string }) => <div role="img" aria-label={label} />,
}));

beforeEach(() => {
  bars = () => json(answer("14:00:00", "14:02:00"));
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }));
  vi.stubGlobal(
    "EventSource",
    class {
      addEventListener() {}
      close() {}
    },
  );
  serve((request) => route(new URL(request.url).pathname));
});

function route(path: string): Response | Promise<Response> {
  if (path === "/api/bars") return bars();
  if (path === "/api/instruments") return json({ instruments: INSTRUMENTS });
  if (path === "/api/jobs") return json({ jobs: [] });
  if (path === "/api/signals") return json({ signals: [] });
  if (path === "/api/sessions") return json({ sessions: [] });
  if (path === "/api/desk") return json({ markets: [], default_market: "CME_Futures" });
  return problem(404, "nothing is here");
}

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
}

function problem(status: number, detail: string): Response {
  return json({ title: "Problem", status, detail }, status);
}

function open(path: string) {
  const { hook, searchHook, history } = memoryLocation({ path, record: true });
  const all = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <ServerClockProvider>
        <LiveQuotes>
          <Router hook={hook} searchHook={searchHook}>
            {children}
          </Router>
        </LiveQuotes>
      </ServerClockProvider>
    </QueryClientProvider>
  );
  render(<Route path="/chart/:symbol?" component={ChartPage} />, { wrapper: all });
  return { history };
}
