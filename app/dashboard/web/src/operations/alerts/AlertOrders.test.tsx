import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Alert } from "../../api/operations";
import { ANONYMOUS } from "../../testing/callers";
import { showPage } from "../../testing/pages";
import { AlertOrders } from "./AlertOrders";

const ALERT = { id: 7, resolved_at: null, acknowledged_at: null } as Alert;
const ACKNOWLEDGE = "POST /api/alerts/7/acknowledge";

test("who is logged in sees to an alert without saying who that is", async () => {
  const told = { ...ALERT, acknowledged_by: "user anna" };
  const { asked } = showPage(<AlertOrders alert={ALERT} />, "/", { [ACKNOWLEDGE]: told });

  await userEvent.type(screen.getByLabelText("Note for others"), "on it");
  await userEvent.click(screen.getByRole("button", { name: "I see to it" }));

  expect(await screen.findByText("user anna sees to it.")).toBeDefined();
  expect(await asked[0]?.json()).toEqual({ by: null, note: "on it" });
});

test("what the server refuses is said at the order", async () => {
  const body = { title: "Forbidden", detail: "user anna is viewer; for this one must be operator" };
  showPage(<AlertOrders alert={ALERT} />, "/", { [ACKNOWLEDGE]: { status: 403, body } });

  await userEvent.click(screen.getByRole("button", { name: "I see to it" }));

  expect((await screen.findByRole("alert")).textContent).toContain(body.detail);
});

test("a stranger can give no order", () => {
  showPage(<AlertOrders alert={ALERT} />, "/", {}, ANONYMOUS);

  for (const button of screen.getAllByRole("button")) expect(button.matches(":disabled")).toBe(true);
  expect(screen.getByText(/^Log in as an operator/)).toBeDefined();
});
