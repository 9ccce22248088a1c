import type { Page } from "@playwright/test";
import { expect, forgiveNetwork, shoot, test } from "./desk";
import { pidOf } from "./thor";

const row = (page: Page, symbol: string) => page.locator(`tr[data-symbol="${symbol}"]`);
const cellOf = (page: Page, symbol: string, field: string) => row(page, symbol).locator(`[data-field="${field}"]`);

test("a quote changes by itself as the stream brings it", async ({ page, complaints }) => {
  await page.goto("/");
  const last = cellOf(page, "ES", "last");
  await expect(last).toHaveText(/^\d,\d{3}\.\d\d$/);
  const before = await last.textContent();

  await expect(last).not.toHaveText(before ?? "", { timeout: 30_000 });

  expect(complaints).toEqual([]);
});

test("a bond is told in thirty-seconds", async ({ page }) => {
  await page.goto("/");

  await expect(cellOf(page, "ZB", "last")).toHaveText(/^\d{2,3}'\d{2}$/);
});

test("the page says that the server is gone, comes back by itself and goes on without loss", async ({
  page,
  complaints,
}) => {
  await page.goto("/");
  const last = cellOf(page, "ES", "last");
  await expect(last).toHaveText(/\d/);

  process.kill(pidOf("web"), "SIGKILL");

  const banner = page.getByRole("status").getByText(/quotes stand still/i);
  await expect(banner).toBeVisible();
  await shoot(page, "quotes-lost");
  await expect(banner).toBeHidden({ timeout: 45_000 });
  const back = await last.textContent();
  await expect(last).not.toHaveText(back ?? "", { timeout: 30_000 });
  await expect(page.getByText(/quotes were taken anew/i)).toHaveCount(0);
  forgiveNetwork(complaints); // A server that is gone cannot be asked without the browser saying so.
});

test("a source that stands still is told as stale, and greyed, until it goes on", async ({ page, request }) => {
  const { market } = await (await request.get("/api/quotes")).json();
  await page.goto("/");
  const state = cellOf(page, "ES", "state");
  if (!market.open) {
    await expect(state).toHaveText("closed");
    return;
  }
  await expect(state).toHaveText("live");
  const collectors = pidOf("collectors");

  process.kill(collectors, "SIGSTOP");
  try {
    await expect(state).toHaveText(/stale|no source/, { timeout: 30_000 });
    await expect(row(page, "ES")).toHaveAttribute("data-state", /stale|no_source/);
    await shoot(page, "quotes-stale");
  } finally {
    process.kill(collectors, "SIGCONT");
  }

  await expect(state).toHaveText("live", { timeout: 45_000 });
});

test("an operator edits the watchlist in the page", async ({ page, request }) => {
  const before = (await (await request.get("/api/watchlist")).json()).symbols as string[];
  await page.goto("/");
  await expect(row(page, "ES")).toBeVisible();

  await page.keyboard.press("e");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: /remove.*\bDX\b/i }).click();
  await dialog.getByRole("button", { name: /^save/i }).click();

  await expect(row(page, "DX")).toHaveCount(0);
  expect((await (await request.get("/api/watchlist")).json()).symbols).toEqual(before.filter((one) => one !== "DX"));
  // A login changes things from Thor's own pages only.
  const status = await page.evaluate(async (symbols) => {
    const headers = { "Content-Type": "application/json" };
    return (await fetch("/api/watchlist", { method: "PUT", headers, body: JSON.stringify({ symbols }) })).status;
  }, before);
  expect(status).toBe(200);
});
