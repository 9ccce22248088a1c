import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Collector } from "../../api/operations";
import { answerWith } from "../../testing/answers";
import { ForRole } from "../../testing/callers";
import { CollectorOrders } from "./CollectorOrders";

const SCHWAB = { source: "SCHWAB", wanted: true, by: "hours", state: "running" } as Collector;
const asked: string[] = [];
let ended = () => {};
let answer: () => Response = () => Response.json({});

beforeEach(() => {
  asked.length = 0;
  // jsdom has the element and not what opens and closes it.
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close() {
    this.open = false;
  };
  ended = answerWith(async (request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`);
    return answer();
  });
});
afterEach(() => ended());

function show(collector: Collector) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ForRole>
        <CollectorOrders collector={collector} />
      </ForRole>
    </QueryClientProvider>,
  );
}

test("a source is stopped only after it was confirmed, and what came of it is shown", async () => {
  answer = () => Response.json({ ...SCHWAB, wanted: false, by: "hand", state: "stopped" }, { status: 202 });
  show(SCHWAB);

  await userEvent.click(screen.getByRole("button", { name: "Stop…" }));
  expect(asked).toEqual([]);
  await userEvent.click(screen.getByRole("button", { name: "Stop SCHWAB" }));

  expect(asked).toEqual(["POST /api/collectors/SCHWAB/stop {}"]);
  expect((await screen.findByRole("status")).textContent).toContain("not wanted, by hand, stopped");
});

test("why an order was refused is shown where it was given", async () => {
  const problem = { title: "Conflict", detail: "real and simulated quotes are never collected together" };
  answer = () => Response.json(problem, { status: 409 });
  show(SCHWAB);

  await userEvent.click(screen.getByRole("button", { name: "Start" }));

  expect((await screen.findByRole("alert")).textContent).toContain(problem.detail);
});

test("a source that nobody wants cannot be restarted", () => {
  show({ ...SCHWAB, wanted: false });

  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Restart" }).disabled).toBe(true);
});
