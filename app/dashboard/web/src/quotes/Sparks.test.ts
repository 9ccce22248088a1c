import { describe, expect, it } from "vitest";
import { quoteOf } from "../live/fakes";
import { type FetchBars, Sparks } from "./Sparks";

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
const bar = (t_open: string, close: string) => ({
  source: "SCHWAB" as const,
  t_open,
  t_close: t_open,
  open: close,
  high: close,
  low: close,
  close,
  volume: 1,
  tick_count: 1,
  coverage: 1,
});
const session = (start: string, end: string, bars = [bar("2026-11-27T14:50:00Z", "6460")]) => ({
  start,
  end,
  bars,
  source: "SCHWAB" as const,
});
const TODAY = session("2026-11-26T23:00:00Z", "2026-11-27T18:15:00Z");
const pricesOf = (sparks: Sparks) => sparks.ring("ES")?.prices.map((one) => one.price);

describe("sparks", () => {
  it("begin with the session's bars and go on with what comes", async () => {
    const sparks = new Sparks(
      async () => TODAY,
      () => 0,
    );
    sparks.want("ES", quoteOf());
    await settle();
    sparks.add("ES", quoteOf({ last: "6470.00" }));

    expect(pricesOf(sparks)).toEqual([6460, 6470]);
    expect(sparks.describe("ES", (at) => new Date(at).toISOString().slice(11, 16))).toContain("since 14:50");
  });

  it("do not join the bars of another session", async () => {
    const sparks = new Sparks(
      async () => session("2026-11-25T23:00:00Z", "2026-11-26T18:00:00Z"),
      () => 0,
    );
    sparks.want("ES", quoteOf());
    await settle();

    expect(pricesOf(sparks)).toEqual([6467.25]);
    expect(sparks.describe("ES", String)).toContain("as this page saw them");
  });

  it("begin anew with a new session", async () => {
    const sparks = new Sparks(
      async () => TODAY,
      () => 0,
    );
    sparks.want("ES", quoteOf());
    await settle();
    sparks.add("ES", quoteOf({ session_date: "2026-11-30", ts: "2026-11-29T23:00:01Z", last: "6500.00" }));

    expect(pricesOf(sparks)).toEqual([6500]);
  });

  it("ask for each symbol once, two at a time", async () => {
    const asked: string[] = [];
    const letGo: (() => void)[] = [];
    const fetchBars: FetchBars = async (symbol) => {
      asked.push(symbol);
      await new Promise<void>((go) => letGo.push(go));
      return TODAY;
    };
    const sparks = new Sparks(fetchBars, () => 0);
    for (const symbol of ["ES", "NQ", "CL", "ES"]) sparks.want(symbol, quoteOf({ symbol }));
    expect(asked).toEqual(["ES", "NQ"]);
    letGo[0]?.();
    await settle();

    expect(asked).toEqual(["ES", "NQ", "CL"]);
  });

  it("ask again a minute after it failed, and not before", async () => {
    let at = 0;
    let asked = 0;
    const fetchBars: FetchBars = async () => {
      asked += 1;
      throw new Error("away");
    };
    const sparks = new Sparks(fetchBars, () => at);
    sparks.want("ES", quoteOf());
    await settle();
    at = 59_000;
    sparks.want("ES", quoteOf());
    await settle();
    expect(asked).toBe(1);
    at = 61_000;
    sparks.want("ES", quoteOf());
    await settle();

    expect(asked).toBe(2);
  });
});
