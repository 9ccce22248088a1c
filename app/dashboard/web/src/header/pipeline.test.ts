import { describe, expect, it } from "vitest";
import type { Alert, Check, Collector } from "../api/operations";
import { ApiProblem, unreachable } from "../api/problems";
import { lagText, pipelineOf, type Signs } from "./pipeline";

const INGEST: Check = { name: "ingest", ok: true, detail: "0 behind", behind: 1_204, progress_age_s: 0.9 };
const FRESH = { health_age_s: 1, data_age_s: 1, silent_symbols: [] as string[], feed: "streaming", detail: "" };
const RUNNING = { source: "SCHWAB", wanted: true, state: "running", ...FRESH } as Collector;

function signs(told: Partial<Signs> & { checks?: Check[] } = {}): Signs {
  const { checks = [INGEST], ...rest } = told;
  return {
    failure: null,
    health: { status: "ready", checks },
    collectors: [RUNNING],
    alerts: [],
    unknown: [],
    stream: "live",
    ...rest,
  };
}
const alert = (severity: Alert["severity"]) => ({ severity, title: "Clocks differ", subject: "desk" }) as Alert;

describe("the pipeline's light", () => {
  it("is good when every sign is", () => {
    expect(pipelineOf(signs())).toEqual({ level: "good", concerns: [] });
  });
  it("claims nothing before Thor has answered", () => {
    expect(pipelineOf(signs({ health: undefined })).level).toBe("unknown");
  });
  it("is not good while alerts or collectors are not told", () => {
    expect(pipelineOf(signs({ alerts: undefined })).level).toBe("unknown");
    const found = pipelineOf(signs({ alerts: undefined, unknown: ["alerts"] }));
    expect(found).toMatchObject({ level: "attention", concerns: [{ text: "Thor does not tell its alerts" }] });
  });
  it("is in trouble when a running collector has given no sign of life", () => {
    expect(pipelineOf(signs({ collectors: [{ ...RUNNING, health_age_s: 60 }] })).level).toBe("trouble");
  });
  it("is away when nobody answers, whatever was known last", () => {
    expect(pipelineOf(signs({ failure: unreachable(new TypeError("Failed to fetch")) })).level).toBe("away");
    expect(pipelineOf(signs({ failure: new ApiProblem(502, "Bad Gateway", "") })).level).toBe("away");
  });
  it("is in trouble, and not away, when Thor answers with an error", () => {
    const found = pipelineOf(signs({ failure: new ApiProblem(500, "Internal Server Error", "it broke") }));
    expect(found.level).toBe("trouble");
    expect(found.concerns[0]?.text).toContain("it broke");
  });
  it("is in trouble when a check fails, and leads to where that is seen to", () => {
    const feeds: Check = { name: "feeds", ok: false, detail: "SCHWAB silent for 71 s" };
    expect(pipelineOf(signs({ checks: [INGEST, feeds] }))).toEqual({
      level: "trouble",
      concerns: [{ level: "trouble", text: "feeds: SCHWAB silent for 71 s", href: "/operations/collectors" }],
    });
  });
  it("wants attention when a check that is always ok counts losses", () => {
    const ledger: Check = { name: "ledger", ok: true, detail: "3 events lost", unexplained_24h: 3 };
    expect(pipelineOf(signs({ checks: [ledger] })).level).toBe("attention");
    expect(pipelineOf(signs({ checks: [{ ...ledger, unexplained_24h: 0 }] })).level).toBe("good");
  });
  it.each([
    ["starting", "attention"],
    ["spooling", "attention"],
    ["needs login", "trouble"],
    ["crash loop", "trouble"],
    ["stopped", "trouble"],
  ] as const)("takes a wanted source that is %s for %s", (state, level) => {
    expect(pipelineOf(signs({ collectors: [{ ...RUNNING, state }] })).level).toBe(level);
  });
  it("does not mind a source that nobody wants", () => {
    expect(pipelineOf(signs({ collectors: [{ ...RUNNING, wanted: false, state: "stopped" }] })).level).toBe("good");
  });
  it("wants attention when a source's feed runs on its fallback", () => {
    expect(pipelineOf(signs({ collectors: [{ ...RUNNING, feed: "fallback" }] })).level).toBe("attention");
  });
  it.each([
    ["critical", "trouble"],
    ["warning", "attention"],
    ["info", "good"],
  ] as const)("takes a %s alert for %s", (severity, level) => {
    expect(pipelineOf(signs({ alerts: [alert(severity)] })).level).toBe(level);
  });
  it("is not known to who is not logged in, and that is no trouble of Thor's", () => {
    const found = pipelineOf(signs({ failure: new ApiProblem(401, "Unauthorized", "who are you?") }));
    expect([found.level, found.concerns.map(({ text }) => text)]).toEqual([
      "attention",
      ["you are not logged in: Thor does not tell how it does"],
    ]);
  });
  it("tells what is worst first", () => {
    const found = pipelineOf(signs({ alerts: [alert("warning"), alert("critical")], stream: "lost" }));
    expect(found.concerns.map(({ level }) => level)).toEqual(["trouble", "attention", "attention"]);
  });
});

describe("the lag", () => {
  it("tells what is behind and when ingest last got on", () =>
    expect(lagText([INGEST])).toBe("1,204 behind, 0.9 s ago"));
  it("says that nobody ingests", () => {
    expect(lagText([{ name: "ingest", ok: true, detail: "", behind: 0 }])).toBe("0 behind, no ingestor runs");
  });
  it("is not told where the check could not count", () => {
    expect(lagText([{ name: "ingest", ok: false, detail: "Redis does not answer" }])).toBeNull();
  });
});
