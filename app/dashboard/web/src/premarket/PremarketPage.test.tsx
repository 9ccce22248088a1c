import { act, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Route } from "wouter";
import { type Answers, showPage } from "../testing/pages";
import PremarketPage from "./PremarketPage";
import type { Ladder, Stage } from "./words";

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

const ANSWERS: Answers = {
  "GET /api/premarket": { market: "CME_Futures", ladders: [], next_cursor: null },
  "GET /api/predictions/performance": {
    as_of: "2026-11-27T00:00:00Z",
    status: "insufficient_data",
    reason: "no session was scored",
    performance: [],
  },
};

it("a day without a ladder is told with the server's reason, and leads to the one at hand", async () => {
  show("/premarket/2026-11-26", {
    "GET /api/premarket/2026-11-26": {
      status: 404,
      body: { title: "Not Found", detail: "2026-11-26 has no ladder: Thanksgiving" },
    },
  });

  expect(await screen.findByText("2026-11-26 has no ladder: Thanksgiving")).toBeDefined();
  expect(screen.getByRole("link", { name: "The ladder at hand" }).getAttribute("href")).toBe("/premarket");
  expect(screen.queryByRole("alert")).toBeNull();
});

it("a stage that should have been done is said to be overdue, and by how much", async () => {
  const overdue: Stage = { ...REPORT, status: "started", deadline_at: "2020-01-02T14:05:00.000000Z" };
  show("/premarket/2026-11-27", {
    "GET /api/premarket/2026-11-27": { ...WAITING, phase: "climbing", stages: [overdue] },
  });

  expect((await screen.findByText("report is to be done, overdue by")).parentElement?.textContent).toMatch(
    /\d d \d+ h$/,
  );
});

it("a ladder that waits says so, and its report is not asked for", async () => {
  const { asked } = show("/premarket", { "GET /api/premarket/latest": WAITING });

  expect(await screen.findByText("WAITING")).toBeDefined();
  expect(screen.getByText("not yet")).toBeDefined();
  expect(asked.filter((request) => request.url.includes("/report"))).toEqual([]);
});

it("a verdict is told in words with its reasons", async () => {
  const late = { ...WAITING, phase: "over", verdict: "LATE", reasons: ["there was no report at the open"] };
  show("/premarket", { "GET /api/premarket/latest": late });

  expect(await screen.findByText("The report was not made by its deadline, or only after that.")).toBeDefined();
  expect(screen.getByText("there was no report at the open")).toBeDefined();
});

it("too little data for a track record is told with its reason", async () => {
  show("/premarket", { "GET /api/premarket/latest": WAITING });

  expect(await screen.findByText("no session was scored")).toBeDefined();
});

it("what goes wrong is shown with a way to try again", async () => {
  show("/premarket", {
    "GET /api/premarket/latest": { status: 400, body: { title: "Bad Request", detail: "the day is wrong" } },
  });

  expect(await screen.findByText("the day is wrong")).toBeDefined();
  expect(screen.getByRole("button", { name: "Try again" })).toBeDefined();
});

it("asks once for older days, and not again when that fails", async () => {
  const { asked } = show("/premarket/2026-11-27", {
    "GET /api/premarket/2026-11-27": WAITING,
    "GET /api/premarket": (request: Request) =>
      request.url.includes("cursor=")
        ? { status: 503, body: { title: "Service Unavailable", detail: "the database is away" } }
        : { market: "CME_Futures", ladders: [WAITING], next_cursor: "older" },
  });

  await vi.waitFor(() => expect(cursorsOf(asked)).toEqual([null, "older"]));
  await settled();
  expect(cursorsOf(asked)).toEqual([null, "older"]);
});

it("loads the pages up to the day in the address and no further", async () => {
  const days = ["2026-11-27", "2026-11-25", "2026-11-24", "2026-11-23"];
  const { asked } = show("/premarket/2026-11-25", {
    "GET /api/premarket/2026-11-25": { ...WAITING, session_date: "2026-11-25" },
    "GET /api/premarket": (request: Request) => pageOf(days, request),
  });

  expect(await screen.findByRole("link", { name: "‹ Day before" })).toBeDefined();
  await settled();
  expect(cursorsOf(asked)).toEqual([null, "1", "2"]);
});

it("does not look through every page for a day that has no ladder", async () => {
  const { asked } = show("/premarket/2001-01-01", {
    "GET /api/premarket": (request: Request) => pageOf(["2026-11-27", "2026-11-25", "2026-11-24"], request),
  });

  expect(await screen.findByText("That day has no ladder")).toBeDefined();
  expect(await screen.findByRole("button", { name: "Older" })).toBeDefined();
  await settled();
  expect(cursorsOf(asked)).toEqual([null]);
});

function pageOf(days: readonly string[], request: Request) {
  const place = Number(new URL(request.url).searchParams.get("cursor") ?? 0);
  const ladders = [{ ...WAITING, session_date: days[place] }];
  return { market: "CME_Futures", ladders, next_cursor: place + 1 < days.length ? String(place + 1) : null };
}

function cursorsOf(asked: readonly Request[]): (string | null)[] {
  const pages = asked.map((request) => new URL(request.url)).filter((url) => url.pathname === "/api/premarket");
  return pages.map((url) => url.searchParams.get("cursor"));
}

// Many turns of the loop: what asks without end has asked again by then.
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await act(() => new Promise((done) => setTimeout(done)));
}

function show(path: string, answers: Answers) {
  return showPage(<Route path="/premarket/:day?" component={PremarketPage} />, path, { ...ANSWERS, ...answers });
}
