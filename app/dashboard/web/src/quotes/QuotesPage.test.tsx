import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { eventOf, FakeThor, quoteOf, snapshotOf } from "../live/fakes";
import { ANONYMOUS } from "../testing/callers";
import { answerFetch, completeBrowser, renderLive } from "../testing/render";
import { QuotesPage } from "./QuotesPage";

let thor: FakeThor;
const row = (symbol: string) => screen.getByRole("link", { name: symbol }).closest("tr") as HTMLElement;
const texts = (symbol: string, field: string) => row(symbol).querySelector(`[data-field="${field}"]`)?.textContent;
const named = (symbol: string, name: string) => ({
  symbol,
  name,
  price_format: "D",
  tick_size: "0.25",
  tick_decimals: 2,
});
const INSTRUMENTS = { instruments: [named("ES", "E-mini S&P 500"), named("NQ", "E-mini Nasdaq"), named("GC", "Gold")] };

beforeEach(() => {
  completeBrowser();
  answerFetch({ "GET /api/instruments": () => [200, INSTRUMENTS] });
  const now = new Date().toISOString();
  thor = new FakeThor();
  thor.answer = snapshotOf(
    [quoteOf({ ts: now, recv_ts: now }), quoteOf({ symbol: "NQ", ts: now, recv_ts: now })],
    "10-0",
  );
});
afterEach(() => vi.unstubAllGlobals());

async function begin() {
  const drawn = renderLive(<QuotesPage />, thor);
  await screen.findByRole("link", { name: "ES" });
  await waitFor(() => expect(thor.opened).toHaveLength(1));
  act(() => thor.source.accept());
  return drawn;
}

describe("the quotes", () => {
  it("show a price as it comes, lit up in its direction", async () => {
    await begin();
    await waitFor(() => expect(texts("ES", "last")).toBe("6,467.25"));
    await act(async () => thor.source.say("quote", eventOf({ last: "6468.00" }), "11-0"));

    expect(texts("ES", "last")).toBe("6,468.00");
    expect(row("ES").dataset.flash).toMatch(/^up/);
    expect(row("NQ").dataset.flash).toBeUndefined();
  });

  it("are all marked as not live while the connection is lost, with a way to try now", async () => {
    await begin();
    act(() => thor.source.fail());

    expect(screen.getByText("The connection to Thor is lost: the quotes stand still.")).toBeTruthy();
    expect([texts("ES", "state"), texts("NQ", "state")]).toEqual(["not live", "not live"]);
    await userEvent.click(screen.getByRole("button", { name: "Try now" }));
    act(() => thor.source.accept());
    expect(screen.queryByText(/stand still/)).toBeNull();
    expect(texts("ES", "state")).toBe("live");
  });

  it("say that events were lost, and that the quotes were taken anew", async () => {
    await begin();
    await act(async () => thor.source.say("reset", { reason: "expired" }, "12-0"));

    expect(screen.getByText(/away for longer than Thor keeps events/)).toBeTruthy();
  });

  it("label simulated quotes plainly", async () => {
    thor.answer = snapshotOf([quoteOf({ source: "SIMULATED" })], "10-0");
    await begin();

    expect(screen.getByText("SIMULATED: made by Thor itself, of no market")).toBeTruthy();
  });

  it("show who says what by the keyboard alone", async () => {
    const opinion = { ts: "2026-11-27T15:00:00Z", age_ms: 0, state: "live", contract: null, delayed: false } as const;
    const prices = { last: "6466.50", bid: "6466.50", ask: "6466.75" };
    const off = { mid_difference_ticks: "-3", lag_ms: 350, agrees: false };
    const sources = [{ ...opinion, ...prices, ...off, source: "EXCEL" as const }];
    thor.answer = snapshotOf([quoteOf({ sources, disagrees: ["EXCEL"] })], "10-0");
    await begin();
    await userEvent.keyboard("jd");

    const table = screen.getByRole("table", { name: "Live sources of ES" });
    expect(within(table).getByText("−3 ticks")).toBeTruthy();
    expect(within(table).getByText("350 ms older")).toBeTruthy();
    expect(within(table).getByText("differs for 30 s or lags")).toBeTruthy();
  });

  it("are moved through by keys, and open the chart of the selected symbol", async () => {
    const { history } = await begin();
    await userEvent.keyboard("jj");
    expect(document.activeElement?.textContent).toBe("NQ");
    await userEvent.keyboard("{Enter}");

    expect(history.at(-1)).toBe("/chart/NQ");
  });

  it("are filtered by symbol or name, until Escape", async () => {
    await begin();
    await userEvent.keyboard("/nasdaq");
    await waitFor(() => expect(screen.queryByRole("link", { name: "ES" })).toBeNull());
    expect(screen.getByRole("link", { name: "NQ" })).toBeTruthy();
    await userEvent.keyboard("{Escape}");

    expect(screen.getByRole("link", { name: "ES" })).toBeTruthy();
  });

  it("say what to do when nothing is watched, and why nothing can be shown when Thor is away", async () => {
    thor.answer = snapshotOf([], null);
    const { unmount } = renderLive(<QuotesPage />, thor);
    expect(await screen.findByText("The watchlist is empty")).toBeTruthy();
    unmount();
    thor.answer = new Error("nobody answers");
    renderLive(<QuotesPage />, thor);

    expect((await screen.findByRole("alert")).textContent).toContain("nobody answers");
  });
});

describe("the watchlist", () => {
  it("is shown to strangers, who cannot change it and are told why", async () => {
    answerFetch({
      "GET /api/instruments": () => [200, INSTRUMENTS],
      "GET /api/watchlist": () => [200, { symbols: ["ES", "NQ"] }],
    });
    renderLive(<QuotesPage />, thor, ANONYMOUS);
    await userEvent.click(await screen.findByRole("button", { name: "Watchlist" }));
    const dialog = within(await screen.findByRole("dialog"));

    expect((await dialog.findByRole("button", { name: "Remove ES" })).matches(":disabled")).toBe(true);
    expect(dialog.getByRole("button", { name: "Save" }).matches(":disabled")).toBe(true);
    expect(dialog.getByText(/^Log in as an operator/)).toBeTruthy();
    dialog.getByLabelText("ES, 1 of 2").focus();
    await userEvent.keyboard("{Delete}");
    expect(dialog.getByLabelText("ES, 1 of 2")).toBeTruthy();
  });

  it("is changed, saved whole, and followed", async () => {
    const { sent } = answerFetch({
      "GET /api/instruments": () => [200, INSTRUMENTS],
      "GET /api/watchlist": () => [200, { symbols: ["ES", "NQ"] }],
      "PUT /api/watchlist": (body) => [200, { ...(body as object), restarted: [], collectors_told: true }],
    });
    await begin();
    await userEvent.keyboard("e");
    await userEvent.click(await screen.findByRole("button", { name: "Move NQ up" }));
    await userEvent.type(screen.getByRole("searchbox", { name: "Add an instrument" }), "gold{Enter}");
    await userEvent.click(screen.getByRole("button", { name: "Remove ES" }));
    thor.answer = snapshotOf([quoteOf({ symbol: "NQ" }), quoteOf({ symbol: "GC" })], "20-0");
    await userEvent.click(screen.getByRole("button", { name: "Save" }));

    await screen.findByRole("link", { name: "GC" });
    expect(sent).toEqual([{ symbols: ["NQ", "GC"] }]);
    await waitFor(() => expect(thor.source.url).toContain("20-0"));
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("says that the collectors go on with the old list when they could not be told", async () => {
    answerFetch({
      "GET /api/instruments": () => [200, INSTRUMENTS],
      "GET /api/watchlist": () => [200, { symbols: ["ES", "NQ"] }],
      "PUT /api/watchlist": (body) => [200, { ...(body as object), restarted: [], collectors_told: false }],
    });
    await begin();
    await userEvent.keyboard("e");
    await userEvent.click(await screen.findByRole("button", { name: "Remove NQ" }));
    await userEvent.click(screen.getByRole("button", { name: "Save" }));

    expect((await screen.findByRole("alert")).textContent).toContain("the collectors could not be told");
  });

  it("keeps what was changed when saving fails, and says why", async () => {
    const errors = [{ in: "json", field: "symbols.0", detail: "NQ has no market" }];
    answerFetch({
      "GET /api/instruments": () => [200, INSTRUMENTS],
      "GET /api/watchlist": () => [200, { symbols: ["ES", "NQ"] }],
      "PUT /api/watchlist": () => [400, { title: "Bad Request", detail: "the watchlist is wrong", errors }],
    });
    await begin();
    await userEvent.keyboard("e");
    await userEvent.click(await screen.findByRole("button", { name: "Move NQ up" }));
    await userEvent.click(screen.getByRole("button", { name: "Save" }));

    expect((await screen.findByRole("alert")).textContent).toContain("symbols.0: NQ has no market");
    const list = screen.getByRole("list", { name: "Watched symbols" });
    expect(
      within(list)
        .getAllByRole("group")
        .map((one) => one.textContent?.slice(0, 2)),
    ).toEqual(["NQ", "ES"]);
  });
});
