import { expect, expectAccessible, expectNoSidewaysScroll, SIZES, shoot, test } from "./desk";

// Each page by its address, its heading, and something that only an answer of the server brings.
const PAGES = [
  { name: "quotes", path: "/", heading: "Quotes", shows: "SIMULATED" },
  { name: "chart", path: "/chart/ES", heading: /ES/, shows: "America/Chicago" },
  { name: "analysis", path: "/analysis", heading: "Analysis", shows: "done" },
  { name: "analysis-new", path: "/analysis/new", heading: "New analysis", shows: "Symbols" },
  {
    name: "analysis-ledger",
    path: "/analysis/ledger",
    heading: /predictions/i,
    shows: /too little|no session|no prediction/i,
  },
  { name: "analysis-result", path: "/analysis/1", heading: /YM ES NQ/, shows: "HOLD" },
  { name: "premarket", path: "/premarket", heading: "Pre-market", shows: "LATE" },
  { name: "operations", path: "/operations", heading: "Operations", shows: "redis" },
  { name: "operations-alerts", path: "/operations/alerts", heading: "Operations", shows: /alert/i },
  { name: "operations-collectors", path: "/operations/collectors", heading: "Operations", shows: "SIMULATED" },
  { name: "operations-pipeline", path: "/operations/pipeline", heading: "Operations", shows: /published/i },
  { name: "operations-sessions", path: "/operations/sessions", heading: "Operations", shows: /complete/i },
  { name: "operations-lake", path: "/operations/lake", heading: "Operations", shows: /rows/i },
  { name: "operations-dead-letters", path: "/operations/dead-letters", heading: "Operations", shows: /dead letter/i },
  { name: "operations-gaps", path: "/operations/gaps", heading: "Operations", shows: /gap/i },
  { name: "operations-audit", path: "/operations/audit", heading: "Operations", shows: "log in" },
] as const;

for (const one of PAGES) {
  test(`${one.name} shows what Thor has at every size, keeps nobody out, and complains of nothing`, async ({
    page,
    complaints,
  }) => {
    await page.emulateMedia({ colorScheme: "dark" });
    await page.goto(one.path);
    await expect(page.getByRole("heading", { level: 1, name: one.heading })).toBeVisible();
    await expect(page.locator("main").getByText(one.shows).filter({ visible: true }).first()).toBeVisible();
    await expect(page.getByText(/^Loading/)).toHaveCount(0);
    await expect(page.locator("main").getByRole("alert")).toHaveCount(0);
    for (const { name, ...size } of SIZES) {
      await page.setViewportSize(size);
      await expectNoSidewaysScroll(page);
      await shoot(page, `${one.name}-${name}`);
    }
    await expectAccessible(page);
    await page.emulateMedia({ colorScheme: "light" });
    await shoot(page, `${one.name}-light`);
    await expectAccessible(page, "color-contrast");
    expect(complaints).toEqual([]);
  });
}

test("the header tells the market, the countdown by the server's clock, and the light", async ({ page, request }) => {
  const session = await (await request.get("/api/session")).json();
  await page.goto("/");

  const header = page.getByRole("banner");
  await expect(header.getByText(session.status, { exact: true })).toBeVisible();
  await expect(header.getByText(/^\d+(:\d\d){1,2}$/).first()).toBeVisible();
  await expect(header.getByRole("button", { name: /^Pipeline: (Good|Attention)/ })).toBeVisible();
});

test("keys lead from page to page and tell what they do", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();

  await page.keyboard.press("g");
  await page.keyboard.press("o");
  await expect(page).toHaveURL(/operations$/);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toContainText("watchlist");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});
