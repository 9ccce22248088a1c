import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, describe, expect, it } from "vitest";
import { unreachable } from "../api/problems";
import { makeQueryClient } from "../api/queryClient";
import { ServerClockProvider } from "../live/ServerClock";
import { NO_STANDING } from "../live/standing";
import { PipelineLight } from "./PipelineLight";
import { pipelineOf, type Signs } from "./pipeline";

const WELL: Signs = {
  failure: null,
  health: {
    status: "ready",
    checks: [{ name: "ingest", ok: true, detail: "0 entries behind", behind: 0, progress_age_s: 0.9 }],
  },
  collectors: [],
  alerts: [],
  unknown: [],
  stream: "live",
};

beforeAll(() => {
  // jsdom knows no window over the page.
  HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) {
    this.open = true;
  };
  HTMLDialogElement.prototype.close ??= function close(this: HTMLDialogElement) {
    this.open = false;
  };
});

describe("the light", () => {
  it("says that all is well, and how far ingest is behind", () => {
    show(WELL);
    expect(screen.getByRole("button").textContent).toContain("Good");
    expect(screen.getByText("0 behind, 0.9 s ago")).toBeDefined();
  });
  it("tells the first concern and how many others there are", () => {
    const failing = (name: string) => ({ name, ok: false, detail: "silent" });
    show({ ...WELL, health: { status: "not_ready", checks: [failing("feeds"), failing("queues")] } });
    expect(screen.getByRole("button").textContent).toContain("Trouble");
    expect(screen.getByText("feeds: silent (+1)")).toBeDefined();
  });
  it("says for how long nobody has answered, and never that all is well", () => {
    show({ ...WELL, failure: unreachable(new TypeError("Failed to fetch")) }, Date.now() - 150_000);
    const text = screen.getByRole("button").textContent;
    expect(text).toContain("Away");
    expect(text).toMatch(/no answer for 2 min \d\d s/);
    expect(text).not.toContain("Good");
  });
  it("pressed, tells every check, and that it was the last known while Thor is away", async () => {
    show({ ...WELL, failure: unreachable(new TypeError("Failed to fetch")) });
    await userEvent.click(screen.getByRole("button"));
    expect(screen.getByText("Thor cannot be reached.")).toBeDefined();
    expect(screen.getByText("0 entries behind")).toBeDefined();
  });
  it("pressed, says what is not known", async () => {
    show({
      failure: null,
      health: undefined,
      collectors: undefined,
      alerts: undefined,
      unknown: [],
      stream: "connecting",
    });
    await userEvent.click(screen.getByRole("button"));
    expect(screen.getByText("Thor's checks are not known.")).toBeDefined();
    expect(screen.queryByText("Nothing needs attention.")).toBeNull();
  });
});

function show(signs: Signs, answeredAt = Date.now()) {
  const standing = { ...NO_STANDING, state: signs.stream };
  const pipeline = { ...pipelineOf(signs), signs, standing, hasMoreAlerts: false, answeredAt, openedAt: answeredAt };
  render(
    <QueryClientProvider client={makeQueryClient()}>
      <ServerClockProvider>
        <PipelineLight pipeline={pipeline} />
      </ServerClockProvider>
    </QueryClientProvider>,
  );
}
