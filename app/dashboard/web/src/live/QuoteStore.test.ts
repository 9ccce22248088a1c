import { beforeEach, describe, expect, it } from "vitest";
import { eventOf, quoteOf, snapshotOf } from "./fakes";
import { QuoteStore } from "./QuoteStore";

let frames: (() => void)[];
let store: QuoteStore;
const frame = () => {
  const due = frames;
  frames = [];
  for (const flush of due) flush();
};

beforeEach(() => {
  frames = [];
  store = new QuoteStore((flush) => frames.push(flush));
  store.take(snapshotOf([quoteOf(), quoteOf({ symbol: "NQ", last: "24000.00" })], "10-0"));
  frame();
});

describe("a store", () => {
  it("tells of a thousand events once a frame, and only who watches their symbol", () => {
    const told: string[] = [];
    store.watch("ES", () => told.push("ES"));
    store.watch("NQ", () => told.push("NQ"));
    for (let n = 1; n <= 1_000; n += 1) store.apply(eventOf({ last: String(6_000 + n) }), `11-${n}`);

    expect(told).toEqual([]);
    expect(frames).toHaveLength(1);
    frame();
    expect(told).toEqual(["ES"]);
    expect(store.row("ES")).toMatchObject({ direction: 1, changes: 1_000, quote: { last: "7000" } });
  });

  it("takes no event twice and none that is older than what it shows", () => {
    store.apply(eventOf({ last: "6468.00" }), "12-0");
    store.apply(eventOf({ last: "1.00" }), "12-0");
    store.apply(eventOf({ last: "2.00" }), "11-9");

    expect(store.row("ES")?.quote.last).toBe("6468.00");
  });

  it("orders ids as numbers", () => {
    store.apply(eventOf({ last: "6468.00" }), "12-9");
    store.apply(eventOf({ last: "6469.00" }), "12-10");

    expect(store.row("ES")?.quote.last).toBe("6469.00");
  });

  it("keeps an event that came after the snapshot was read, and that it is live", () => {
    store.apply(eventOf({ last: "6468.00" }), "12-0");
    store.take(snapshotOf([quoteOf({ state: "stale", disagrees: ["EXCEL"] })], "11-0"));

    expect(store.row("ES")?.quote).toMatchObject({ last: "6468.00", state: "live", disagrees: ["EXCEL"] });
  });

  it("takes the other source of a snapshot though its quote is older", () => {
    store.apply(eventOf({ last: "6468.00" }), "12-0");
    store.take(snapshotOf([quoteOf({ source: "EXCEL", last: "6466.00", stream_id: "9-0" })], "13-0"));

    expect(store.row("ES")?.quote).toMatchObject({ source: "EXCEL", last: "6466.00" });
  });

  it("shows events of the displayed source alone", () => {
    store.hear({ sources: {}, displayed: { ES: "SCHWAB" } });
    store.apply(eventOf({ source: "EXCEL", last: "1.00" }), "12-0");

    expect(store.row("ES")?.quote.last).toBe("6467.25");
  });

  it("does not carry over what the newer event leaves out", () => {
    const { volume, ...event } = eventOf();
    store.apply(event, "12-0");

    expect(store.row("ES")?.quote.volume).toBeNull();
  });

  it("is stale until an event comes, which makes it live, and closed until a snapshot says otherwise", () => {
    store.take(snapshotOf([quoteOf({ state: "stale" }), quoteOf({ symbol: "NQ", state: "closed" })], "10-0"));
    store.apply(eventOf(), "12-0");
    store.apply(eventOf({ symbol: "NQ" }), "12-1");

    expect(store.row("ES")?.quote.state).toBe("live");
    expect(store.row("NQ")?.quote.state).toBe("closed");
  });

  it("believes a delayed source's own word", () => {
    store.apply(eventOf({ delayed: true }), "12-0");

    expect(store.row("ES")?.quote.state).toBe("delayed");
  });

  it("follows the watchlist of the snapshot and forgets what left it", () => {
    let lists = 0;
    store.watchList(() => {
      lists += 1;
    });
    store.take(snapshotOf([quoteOf({ symbol: "NQ" })], "11-0"));
    frame();

    expect(store.symbols()).toEqual(["NQ"]);
    expect(store.row("ES")).toBeUndefined();
    expect(lists).toBe(1);
  });

  it("takes lower ids after events were lost, for the stream may have begun anew", () => {
    store.unplace();
    store.apply(eventOf({ last: "6400.00" }), "2-0");

    expect(store.row("ES")?.quote.last).toBe("6400.00");
  });
});
