import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiProblem, unreachable } from "../api/problems";
import { eventOf, FakeThor, quoteOf, snapshotOf } from "./fakes";
import { LiveDesk } from "./LiveDesk";
import { QuoteStore } from "./QuoteStore";

let thor: FakeThor;
let desk: LiveDesk;
let end: () => void;
const settle = () => vi.advanceTimersByTimeAsync(0);
const pass = async (ms: number) => {
  thor.at += ms;
  await vi.advanceTimersByTimeAsync(ms);
};
const hide = (isHidden: boolean) => {
  vi.spyOn(document, "hidden", "get").mockReturnValue(isHidden);
  document.dispatchEvent(new Event("visibilitychange"));
};

beforeEach(() => {
  vi.useFakeTimers();
  thor = new FakeThor();
  thor.answer = snapshotOf([quoteOf()], "10-0");
  desk = new LiveDesk(thor, new QuoteStore((flush) => void setTimeout(flush, 16)));
  end = () => {};
});
afterEach(() => {
  end();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function begin(): Promise<void> {
  end = desk.run();
  await settle();
  thor.source.accept();
}

describe("a desk", () => {
  it("follows the stream from where its snapshot was taken, and sets the clock by it", async () => {
    await begin();

    expect(thor.source.url).toBe("/api/quotes/stream?last_event_id=10-0");
    expect(thor.clockSet).toEqual([["2026-11-27T15:00:00.100000Z", 0]]);
    expect(desk.standing()).toMatchObject({ state: "live", hasSnapshot: true, problem: null });
  });

  it("holds one connection when it is begun, ended and begun again at once", async () => {
    desk.run()();
    await begin();

    expect(thor.opened.filter((source) => !source.isClosed)).toHaveLength(1);
  });

  it("tells each event once when it connects again from a snapshot that lies before what it heard", async () => {
    const heard: string[] = [];
    desk.onEvent("ES", (_, id) => heard.push(id));
    await begin();
    thor.source.say("quote", eventOf(), "11-0");
    desk.restart();
    await settle();
    thor.source.say("quote", eventOf(), "11-0");
    thor.source.say("quote", eventOf(), "12-0");

    expect(heard).toEqual(["11-0", "12-0"]);
  });

  it("tells an event that the snapshot had before the stream brought it", async () => {
    const heard: string[] = [];
    desk.onEvent("ES", (_, id) => heard.push(id));
    await begin();
    thor.answer = snapshotOf([quoteOf({ stream_id: "12-0" })], "12-0");
    await pass(5_000);
    thor.source.say("quote", eventOf(), "11-0");

    expect(heard).toEqual(["11-0"]);
  });

  it("follows the watchlist as it stands after the change, though a snapshot from before is under way", async () => {
    await begin();
    thor.isHolding = true;
    await pass(5_000);
    desk.restart();
    thor.isHolding = false;
    thor.answer = snapshotOf([quoteOf({ symbol: "NQ" })], "20-0");
    for (const letGo of thor.held) letGo();
    await settle();

    expect(desk.store.symbols()).toEqual(["NQ"]);
    expect(thor.source.url).toContain("20-0");
    expect(thor.opened.filter((source) => !source.isClosed)).toHaveLength(1);
  });

  it("takes a snapshot after a reset, says so, and takes the events that follow", async () => {
    await begin();
    thor.answer = snapshotOf([quoteOf({ last: "6400.00", stream_id: "3-0" })], "3-0");
    thor.source.say("reset", { reason: "restarted" }, "2-0");
    await settle();
    expect(desk.store.row("ES")?.quote.last).toBe("6400.00");
    thor.source.say("quote", eventOf({ last: "6401.00" }), "4-0");

    expect(desk.store.row("ES")?.quote.last).toBe("6401.00");
    expect(desk.standing().reset).toEqual({ reason: "restarted", at: 1_000 });
  });

  it("connects again when the snapshots show events that an open stream does not tell", async () => {
    await begin();
    thor.answer = snapshotOf([quoteOf({ stream_id: "15-0" })], "15-0");
    await pass(5_000);
    await pass(5_000);
    expect(desk.standing().state).toBe("live");
    await pass(5_000);

    expect(desk.standing()).toMatchObject({ state: "lost", reason: "silent" });
    await pass(500);
    expect(thor.source.url).toBe("/api/quotes/stream?last_event_id=10-0");
  });

  it("leaves a quiet stream alone when only unwatched symbols move", async () => {
    await begin();
    thor.answer = snapshotOf([quoteOf()], "99-0");
    for (let n = 0; n < 12; n += 1) await pass(5_000);

    expect(thor.opened).toHaveLength(1);
  });

  it("shows the other source at once when the stream says that it is displayed now", async () => {
    await begin();
    thor.answer = snapshotOf([quoteOf({ source: "EXCEL", last: "6466.00", stream_id: "9-0" })], "11-0");
    thor.source.say("sources", { sources: { SCHWAB: "lost", EXCEL: "streaming" }, displayed: { ES: "EXCEL" } });
    await settle();

    expect(desk.store.row("ES")?.quote).toMatchObject({ source: "EXCEL", last: "6466.00" });
  });

  it("holds no connection while the page is hidden, and begins anew when it is seen", async () => {
    await begin();
    hide(true);
    expect(thor.source.isClosed).toBe(true);
    const asked = thor.asked;
    await pass(60_000);
    expect(thor.asked).toBe(asked);
    hide(false);
    await settle();

    expect(thor.opened).toHaveLength(2);
  });

  it("connects not at all when the page is hidden before the snapshot has come", async () => {
    thor.isHolding = true;
    end = desk.run();
    hide(true);
    for (const letGo of thor.held) letGo();
    await settle();

    expect(thor.opened).toHaveLength(0);
  });

  it("says why the stream is refused", async () => {
    thor.said = new ApiProblem(429, "Too Many Requests", "all 64 places for stream clients are taken");
    end = desk.run();
    await settle();
    thor.source.fail(2);
    await settle();

    expect(desk.standing()).toMatchObject({
      state: "lost",
      reason: "refused",
      refusal: "all 64 places for stream clients are taken",
    });
  });

  it("waits before it tries again as long as the refusal says", async () => {
    thor.said = new ApiProblem(429, "Too Many Requests", "slow down", [], null, 20);
    end = desk.run();
    await settle();
    thor.source.fail(2);
    await settle();
    expect(desk.standing()).toMatchObject({ state: "lost", refusal: "slow down", nextTryMs: 20_000 });

    await pass(19_000);
    expect(thor.opened).toHaveLength(1);
    await pass(1_000);
    expect(thor.opened).toHaveLength(2);
  });

  it("asks nothing more while Thor knows nobody here, and goes on when it does", async () => {
    await begin();
    thor.shutDoor(true);
    expect(desk.standing()).toMatchObject({ state: "lost", reason: "logged_out", nextTryAt: null });
    const asked = thor.asked;
    await pass(60_000);
    desk.restart();
    await settle();
    expect(thor.opened.filter((source) => !source.isClosed)).toHaveLength(0);

    thor.shutDoor(false);
    await settle();
    thor.source.accept();

    expect(desk.standing().state).toBe("live");
    expect(thor.opened).toHaveLength(2);
    expect(thor.asked).toBeLessThanOrEqual(asked + 2);
  });

  it("says that no snapshot can be had, and forgets that when one comes", async () => {
    thor.answer = new Error("away");
    end = desk.run();
    await settle();
    expect(desk.standing()).toMatchObject({ hasSnapshot: false, problem: thor.answer });
    thor.answer = snapshotOf([quoteOf()], "10-0");
    await pass(5_000);

    expect(desk.standing()).toMatchObject({ hasSnapshot: true, problem: null });
  });

  it("adds up what was left out, and says when the bus is away", async () => {
    await begin();
    thor.source.say("conflated", { count: 3 });
    thor.source.say("conflated", { count: 4 });
    thor.source.say("status", { bus: "away" });

    expect(desk.standing()).toMatchObject({ conflated: 7, isBusAway: true });
  });

  it("gives up a stream that tells nothing while Thor answers nothing either", async () => {
    await begin();
    thor.answer = unreachable(new DOMException("it took too long", "TimeoutError"));
    await pass(5_000);
    expect(desk.standing().state).toBe("live");
    await pass(6_000);

    expect(desk.standing()).toMatchObject({ state: "lost", reason: "silent" });
  });

  it("follows a symbol that somebody else has added to the watchlist", async () => {
    await begin();
    thor.answer = snapshotOf([quoteOf(), quoteOf({ symbol: "NQ" })], "12-0");
    await pass(5_000);
    await settle();

    expect(thor.opened).toHaveLength(2);
    await pass(5_000);
    expect(thor.opened).toHaveLength(2);
  });

  it("shows the source of the snapshot until the stream has named one", async () => {
    await begin();
    thor.source.say("quote", eventOf({ source: "EXCEL", last: "1.00" }), "11-0");
    expect(desk.store.row("ES")?.quote.source).toBe("SCHWAB");

    thor.source.say("sources", { sources: {}, displayed: {} });
    thor.source.say("quote", eventOf({ source: "EXCEL", last: "1.00" }), "12-0");
    expect(desk.store.row("ES")?.quote.last).toBe("1.00");
  });
});
