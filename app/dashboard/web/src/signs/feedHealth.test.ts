import { expect, test } from "vitest";
import type { Collector } from "../api/operations";
import { feedHealth, holderText, wantedText } from "./feedHealth";

const RUNNING = {
  source: "SCHWAB",
  wanted: true,
  by: "hours",
  state: "running",
  detail: "",
  feed: "streaming",
  health_age_s: 0.6,
  data_age_s: 0.4,
  silent_symbols: [],
  holder: { host: "desk", pid: 17, token: 4, kind: "worker" },
} as unknown as Collector;

test("a feed that brings something is well", () => {
  expect(feedHealth(RUNNING)).toMatchObject({ tone: "ok", word: "streaming" });
});

test.each([
  [{ data_age_s: 50 }, "warn", "quiet"],
  [{ data_age_s: 91 }, "bad", "silent"],
  [{ data_age_s: null }, "warn", "nothing yet"],
  [{ health_age_s: 30 }, "bad", "no sign of life"],
  [{ health_age_s: null }, "bad", "no sign of life"],
  [{ feed: "fallback" }, "warn", "fallback"],
  [{ silent_symbols: ["VX"] }, "warn", "streaming"],
])("a live process whose feed has %j is not well", (change, tone, word) => {
  expect(feedHealth({ ...RUNNING, ...change })).toMatchObject({ tone, word });
});

test("a state of its own is told with the collector's detail", () => {
  const health = feedHealth({ ...RUNNING, state: "needs login", detail: "run `flask schwab-login`" });

  expect(health).toEqual({ tone: "bad", word: "needs login", why: "run `flask schwab-login`" });
});

test("who wants a source and who holds it are told in words", () => {
  expect(wantedText(RUNNING)).toBe("wanted, by market hours");
  expect(wantedText({ ...RUNNING, wanted: false, by: null })).toBe("not wanted");
  expect(holderText(RUNNING)).toBe("worker 17 on desk, token 4");
  expect(holderText({ ...RUNNING, holder: null })).toBeNull();
});
