import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { ServerClockProvider } from "../live/ServerClock";
import type { Signal } from "./analysis";
import type { Colours } from "./colours";
import { SidePanel } from "./SidePanel";
import { bar } from "./samples";
import { slotOf } from "./slots";
import { useAnalysisLines } from "./useAnalysisLines";
import type { Instrument } from "./useChart";

const instrument = { symbol: "ES", market: "CME_Futures", tick_decimals: 2 } as Instrument;
const colours = { up: "#00ff00", down: "#ff0000", accent: "#0000ff", quiet: "#888888" } as Colours;
const switches = { levels: false, signal: true, table: false };
const slots = [slotOf(bar("14:00:00", "14:01:00"), { timeframe: "1m", marketZone: "UTC", sessions: [] }, false)];
const chart = { slots, last: null, why: null };

function Shown() {
  const shown = useAnalysisLines("ES", chart, colours, switches);
  return (
    <>
      <p>The mark says {shown.markers[0]?.text}</p>
      <SidePanel switches={switches} shown={shown} instrument={instrument} />
    </>
  );
}

test("a signal expires in the panel and at its mark while the server is not asked", async () => {
  vi.useFakeTimers({ now: Date.parse("2026-11-27T14:30:00Z"), shouldAdvanceTime: true });
  const signal: Signal = {
    job_id: 1,
    symbol: "ES",
    side: "BUY",
    strength: 0.5,
    reason_code: "",
    asof: "2026-11-27T14:02:30Z",
    valid_until: "2026-11-27T14:30:05Z",
    valid: true,
  };
  vi.stubGlobal("fetch", async (request: Request) => {
    const body = new URL(request.url).pathname === "/api/signals" ? { signals: [signal] } : { jobs: [], markets: [] };
    return new Response(JSON.stringify(body), { headers: { "Content-Type": "application/json" } });
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ServerClockProvider>
        <Shown />
      </ServerClockProvider>
    </QueryClientProvider>,
  );
  expect(await screen.findByText("▲ BUY")).toBeDefined();
  expect(screen.getByText("The mark says BUY")).toBeDefined();

  await vi.advanceTimersByTimeAsync(6_000);

  expect(await screen.findByText("▲ BUY (expired)")).toBeDefined();
  expect(screen.getByText("The mark says BUY (expired)")).toBeDefined();
  expect(screen.queryByText(/Valid until/)).toBeNull();
});
