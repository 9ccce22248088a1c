import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { madeMe, OPERATOR } from "../../testing/callers";
import { showPage } from "../../testing/pages";
import { keyOf } from "../../testing/server";
import { AuditSection } from "./AuditSection";

const ADMIN = { me: madeMe({ role: "admin" }), isOver: false };
const entry = (id: number) => ({
  id,
  at: "2026-11-27T15:00:00.000000Z",
  actor: "user ben",
  action: "PUT watchlist.set_watchlist",
  subject: "/api/watchlist",
  outcome: "refused",
  address: "127.0.0.1",
  request_id: "r-1",
  facts: { status: 403 },
});

test("an admin reads what was done, filters it, and goes on to older entries", async () => {
  const answer = (request: Request) => {
    const { searchParams } = new URL(request.url);
    const isOlder = searchParams.get("cursor") === "7";
    return { entries: [entry(isOlder ? 6 : 7)], next_cursor: isOlder ? null : "7" };
  };
  const { asked } = showPage(<AuditSection />, "/operations/audit", { "GET /api/audit": answer }, ADMIN);

  expect(await screen.findByText("PUT watchlist.set_watchlist")).toBeDefined();
  expect(screen.getByText("status 403")).toBeDefined();
  await userEvent.type(screen.getByLabelText("Who"), "user ben{Enter}");
  await userEvent.click(await screen.findByRole("button", { name: "Older →" }));

  expect(await screen.findByText("page 2")).toBeDefined();
  const questions = asked.map(({ url }) => url.split("/api/")[1]).filter((one) => one?.startsWith("audit"));
  expect(questions).toEqual(["audit", "audit?actor=user%20ben", "audit?actor=user%20ben&cursor=7"]);
});

test("others are told that it takes an admin, and nothing is asked for them", () => {
  const { asked } = showPage(<AuditSection />, "/operations/audit", {}, OPERATOR);

  expect(screen.getByText("You are an operator: this takes an admin.")).toBeDefined();
  expect(asked.map(keyOf)).not.toContain("GET /api/audit");
});
