import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { madeJob } from "../testing/jobs";
import { showPage } from "../testing/pages";
import AnalysisPage from "./AnalysisPage";

const FIGURE = {
  value: 0.169,
  n: 322,
  status: "ok",
  method: "Brier skill",
  window: "598 bars",
  asof: "2026-01-06T20:00:00Z",
};
const NOTHING = { ...FIGURE, value: null, status: "insufficient_data", reason: "73 bars, 500 needed" };
const SIGNAL = {
  job_id: 7,
  symbol: "ES",
  side: "SELL",
  strength: 0.64,
  reason_code: "",
  asof: "2026-01-06T20:00:00Z",
  valid_until: "2026-01-06T21:00:00Z",
  valid: true,
};
const REQUEST = {
  required: ["symbols"],
  properties: {
    symbols: { type: "array", items: { type: "string" } },
    parameters: { type: "object", properties: { seed: { type: "integer", default: 1 } } },
  },
};

function documentWith(skill: unknown, parts: object = {}) {
  const recommendation = {
    action: "HOLD",
    reason_code: "no_skill",
    strength: 0,
    horizon: "1h",
    valid_until: "2026-01-06T21:00:00Z",
    out_of_sample: { brier_skill: skill },
  };
  const symbols = { ES: { recommendation, ...parts } };
  return {
    version: 1,
    job: madeJob(),
    asof: "",
    question: {},
    inputs: {},
    symbols,
    portfolio: {},
    track_record: {},
    work: {},
  };
}

const ANSWERS = {
  "GET /api/jobs": {
    jobs: [madeJob({ id: 8, status: "running", stage: "Prediction: ES 1h", progress: 0.4 }), madeJob()],
    next_cursor: null,
  },
  "GET /api/signals": { as_of: "", signals: [SIGNAL] },
  "GET /api/jobs/7": madeJob({ symbols: ["ES"] }),
  "GET /api/jobs/7/results": documentWith(FIGURE),
  "GET /api/instruments": { instruments: [] },
};

describe("the list", () => {
  it("never shows a recommendation without its score out of sample", async () => {
    showPage(<AnalysisPage />, "/analysis", ANSWERS);

    const row = (await screen.findByText("▼ SELL")).closest("tr") as HTMLElement;
    expect(await within(row).findByText("0.169")).toBeTruthy();
    expect(within(row).getByText("n 322")).toBeTruthy();
  });

  it("shows how far a running job is, in words and as a number", async () => {
    showPage(<AnalysisPage />, "/analysis", ANSWERS);

    const bar = await screen.findByRole("progressbar");
    expect(bar.getAttribute("aria-valuetext")).toBe("40 %, Prediction: ES 1h");
  });

  it("lets only those be compared that are done", async () => {
    showPage(<AnalysisPage />, "/analysis", ANSWERS);

    const boxes = await screen.findAllByRole<HTMLInputElement>("checkbox");
    expect(boxes.map((box) => [box.getAttribute("aria-label"), box.disabled])).toEqual([
      ["Compare analysis 8", true],
      ["Compare analysis 7", false],
    ]);
  });

  it("says what to do where nothing was analysed", async () => {
    showPage(<AnalysisPage />, "/analysis", { ...ANSWERS, "GET /api/jobs": { jobs: [], next_cursor: null } });

    expect(await screen.findByText("Nothing was analysed yet")).toBeTruthy();
  });
});

describe("a job's page", () => {
  it("says in words why a symbol is held, and what its prediction scored", async () => {
    showPage(<AnalysisPage />, "/analysis/7", { ...ANSWERS, "GET /api/jobs/7/results": documentWith(NOTHING) });

    expect(
      await screen.findByText(/Held: Out of sample the prediction does no better than the base rate/),
    ).toBeTruthy();
    expect(screen.getByText(/73 bars, 500 needed/)).toBeTruthy();
    expect(screen.queryByText("0")).toBeNull();
  });

  it("says why it failed, and asks the same question again when told to", async () => {
    const failed = madeJob({ status: "failed", error: "a file is damaged" });
    const { asked, history } = showPage(<AnalysisPage />, "/analysis/7", {
      ...ANSWERS,
      "GET /api/jobs/7": failed,
      "POST /api/jobs/7/retry": { status: 202, body: { created: true, queued: true, job: madeJob({ id: 9 }) } },
    });

    expect(await screen.findByText("It failed: a file is damaged")).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));

    await vi.waitFor(() => expect(history.at(-1)).toBe("/analysis/9"));
    expect(asked.some((request) => request.url.endsWith("/api/jobs/7/retry"))).toBe(true);
  });

  it("says that there is no such job", async () => {
    showPage(<AnalysisPage />, "/analysis/12", ANSWERS);

    expect(await screen.findByText("Not Found")).toBeTruthy();
  });
});

describe("a new analysis", () => {
  const answers = { ...ANSWERS, "GET /openapi.json": { components: { schemas: { JobRequest: REQUEST } } } };

  it("is asked for with what was filled in, under a key, and then shown", async () => {
    const { asked, history } = showPage(<AnalysisPage />, "/analysis/new", {
      ...answers,
      "POST /api/jobs": { status: 202, body: { created: true, queued: true, job: madeJob() } },
    });

    await userEvent.type(await screen.findByLabelText("Symbols"), "ES NQ, ");
    await userEvent.click(screen.getByRole("button", { name: "Start the analysis" }));

    await vi.waitFor(() => expect(history.at(-1)).toBe("/analysis/7"));
    const request = asked.find((one) => one.method === "POST");
    expect(await request?.json()).toEqual({ symbols: ["ES", "NQ"] });
    expect(request?.headers.get("Idempotency-Key")).toMatch(/^[0-9a-f]{32}$/);
  });

  it("shows at its field what the server says of it", async () => {
    const errors = [{ in: "json", field: "parameters.seed", detail: "that seed is taken" }];
    showPage(<AnalysisPage />, "/analysis/new", {
      ...answers,
      "POST /api/jobs": { status: 400, body: { title: "Bad Request", detail: "no", errors } },
    });

    await userEvent.type(await screen.findByLabelText("Symbols"), "ES");
    await userEvent.click(screen.getByRole("button", { name: "Start the analysis" }));

    expect(await screen.findByText("that seed is taken")).toBeTruthy();
    expect(screen.getByLabelText("Seed").getAttribute("aria-invalid")).toBe("true");
  });

  it("is not sent with symbols that were typed and cleared", async () => {
    const { asked } = showPage(<AnalysisPage />, "/analysis/new", answers);

    await userEvent.type(await screen.findByLabelText("Symbols"), "ES");
    await userEvent.clear(screen.getByLabelText("Symbols"));
    await userEvent.click(screen.getByRole("button", { name: "Start the analysis" }));

    expect(screen.getByText("it is needed")).toBeTruthy();
    expect(asked.every((request) => request.method === "GET")).toBe(true);
  });

  it("is not sent without what is needed", async () => {
    const { asked } = showPage(<AnalysisPage />, "/analysis/new", answers);

    await userEvent.click(await screen.findByRole("button", { name: "Start the analysis" }));

    expect(screen.getByText("it is needed")).toBeTruthy();
    expect(asked.every((request) => request.method === "GET")).toBe(true);
  });
});
