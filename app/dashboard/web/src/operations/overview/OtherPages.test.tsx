import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { madeMe } from "../../testing/callers";
import { showPage } from "../../testing/pages";
import { OtherPages } from "./OtherPages";

const DESK = { flower_url: null, admin_path: "/admin/", docs_path: "/docs", version: "1.0.0" };

test("the tables are a link for admins, and said to be theirs to others", async () => {
  const admin = { me: madeMe({ role: "admin" }), isOver: false };
  const { unmount } = showPage(<OtherPages />, "/", { "GET /api/desk": DESK }, admin);
  expect((await screen.findByRole("link", { name: "Admin" })).getAttribute("href")).toBe("/admin/");
  unmount();

  showPage(<OtherPages />, "/", { "GET /api/desk": DESK });

  expect(await screen.findByText("the tables of the database: for admins")).toBeDefined();
  expect(screen.queryByRole("link", { name: "Admin" })).toBeNull();
});
