import type { Page } from "@playwright/test";
import { expect, expectAccessible, expectNoSidewaysScroll, forgiveNetwork, SIZES, shoot, test } from "./desk";
import { flask, loginOf, makeUser, NAMES, NOBODY } from "./users";

test.use({ storageState: NOBODY });
// Users are made by commands, of which each starts a Python of its own.
test.describe.configure({ timeout: 120_000 });

const banner = (page: Page) => page.getByRole("banner");

async function logIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

test("a stranger on this machine sees the quotes, and controls that are disabled with the reason", async ({
  page,
  complaints,
}) => {
  await page.goto("/");
  await expect(page.locator('tr[data-symbol="ES"] [data-field="last"]')).toHaveText(/\d/);
  await expect(banner(page).getByRole("link", { name: "Log in" })).toHaveAttribute("href", "/login?next=%2F");

  await page.getByRole("button", { name: "Watchlist" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("button", { name: "Remove ES" })).toBeDisabled();
  await expect(dialog.getByText("Log in as an operator to change this.")).toBeVisible();
  await shoot(page, "stranger-watchlist");
  await expectAccessible(page);

  await page.goto("/operations/collectors");
  await expect(page.getByRole("button", { name: "Stop…" }).first()).toBeDisabled();
  await expect(page.getByText("Log in as an operator to change this.").first()).toBeVisible();
  await shoot(page, "stranger-collectors");
  await page.goto("/analysis/new");
  await expect(page.getByRole("button", { name: "Start the analysis" })).toBeDisabled();
  await expect(page.getByText("Log in as an operator to change this.")).toBeVisible();
  await page.goto("/operations");
  await expect(page.getByRole("link", { name: "Audit" })).toHaveCount(0);
  await expect(page.getByText("the tables of the database: for admins")).toBeVisible();
  expect(complaints).toEqual([]);
});

test("a password logs in where one was, a wrong one is told, and one logs out again", async ({ page, complaints }) => {
  const password = makeUser("ui-anna", "operator");
  await page.goto("/operations/alerts?state=all");
  await banner(page).getByRole("link", { name: "Log in" }).click();

  await logIn(page, "ui-anna", "not the password");
  await expect(page.getByRole("alert")).toHaveText("The name or the password is wrong.");
  await shoot(page, "login-wrong");
  await expectAccessible(page);
  await logIn(page, "ui-anna", password);

  await expect(page).toHaveURL(/\/operations\/alerts\?state=all$/);
  await expect(banner(page).getByText("ui-anna")).toBeVisible();
  await expect(banner(page).getByText("operator")).toBeVisible();
  await banner(page).getByRole("button", { name: "Log out" }).click();
  await expect(page).toHaveURL(/\/login$/);
  await page.goto("/");
  await expect(banner(page).getByRole("link", { name: "Log in" })).toBeVisible();
  forgiveNetwork(complaints); // The browser tells of the answer 401.
});

test("a link logs in once", async ({ page, context, complaints }) => {
  makeUser("ui-lina", "admin");
  const link = flask("user", "link", "ui-lina");
  await page.goto(new URL(link).pathname);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(banner(page).getByText("ui-lina")).toBeVisible();
  await page.goto("/operations");
  await expect(page.getByRole("link", { name: "Audit" })).toBeVisible();

  await context.clearCookies();
  await page.goto(new URL(link).pathname);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("alert")).toContainText("This link was used or is too old.");
  forgiveNetwork(complaints); // The browser tells of the answer 401.
});

test("a login that is over is said, and a new one in another tab mends the page", async ({ page, context }) => {
  const password = makeUser("ui-otto", "operator");
  await page.goto("/login?next=/operations/collectors");
  await logIn(page, "ui-otto", password);
  await expect(page.getByRole("button", { name: "Stop…" }).first()).toBeEnabled();

  flask("user", "role", "ui-otto", "viewer");
  await expect(async () => {
    await page.evaluate(() => window.dispatchEvent(new Event("focus")));
    await expect(banner(page).getByText("You are not logged in any more.")).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await expect(page.getByRole("button", { name: "Stop…" }).first()).toBeDisabled();
  await shoot(page, "login-over");
  await expectAccessible(page);

  const other = await context.newPage();
  await other.goto("/login");
  await logIn(other, "ui-otto", password);
  await expect(banner(other).getByText("ui-otto")).toBeVisible();
  await other.close();
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await expect(banner(page).getByText("You are not logged in any more.")).toHaveCount(0);
  await expect(page.getByText("You are a viewer: this takes an operator.").first()).toBeVisible();
});

test("a refusal of the server is said at the control", async ({ page, complaints }) => {
  const password = makeUser("ui-rosa", "operator");
  await page.goto("/login?next=/operations/collectors");
  await logIn(page, "ui-rosa", password);
  const orders = page.getByRole("group", { name: "Orders to SIMULATED" });
  await expect(orders.getByRole("button", { name: "By hours" })).toBeEnabled();
  await page.route("**/api/collectors/*/auto", (route) =>
    route.fulfill({ status: 403, json: { title: "Forbidden", detail: "user ui-rosa is viewer" } }),
  );

  await orders.getByRole("button", { name: "By hours" }).click();

  await expect(page.getByRole("alert").getByText("user ui-rosa is viewer")).toBeVisible();
  forgiveNetwork(complaints); // The browser tells of the answer 403.
});

test("where strangers may not look one banner says that the login is over, and nothing is asked in vain", async ({
  page,
  complaints,
}) => {
  const password = makeUser("ui-vera", "viewer");
  await page.goto("/login");
  await logIn(page, "ui-vera", password);
  await expect(page.locator('tr[data-symbol="ES"] [data-field="state"]')).not.toHaveText("not live");
  const refuse = { status: 401, json: { title: "Unauthorized", detail: "for this one must be viewer" } };
  const asked: string[] = [];
  await page.route("**/api/**", (route) => {
    asked.push(new URL(route.request().url()).pathname);
    return route.fulfill(refuse);
  });

  await expect(banner(page).getByText("Nothing here is brought up to date until you are.")).toBeVisible();
  await expect(page.getByRole("status").getByText(/quotes/i)).toHaveCount(0);
  await expect(page.locator('tr[data-symbol="ES"] [data-field="state"]')).toHaveText("not live");
  await shoot(page, "login-shut");
  await expectAccessible(page);
  const before = asked.length;
  // Longer than any question is apart from the next one, but for the minute of the one who one is.
  await page.waitForTimeout(12_000);
  expect(asked.slice(before)).toEqual([]);

  await page.unroute("**/api/**");
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await expect(banner(page).getByText("You are not logged in any more.")).toHaveCount(0);
  await expect(page.locator('tr[data-symbol="ES"] [data-field="state"]')).not.toHaveText("not live");
  forgiveNetwork(complaints); // The browser tells of the answers 401.
});

test.describe("a viewer", () => {
  test.use({ storageState: loginOf("viewer") });

  test("looks, and is told what it takes to change something", async ({ page, complaints }) => {
    await page.goto("/");
    await expect(banner(page).getByText(NAMES.viewer)).toBeVisible();
    await page.keyboard.press("e");
    const dialog = page.getByRole("dialog");

    await expect(dialog.getByText("You are a viewer: this takes an operator.")).toBeVisible();
    await expect(dialog.getByRole("button", { name: "Remove ES" })).toBeDisabled();
    await page.goto("/operations/audit");
    await expect(page.getByText("You are a viewer: this takes an admin.")).toBeVisible();
    expect(complaints).toEqual([]);
  });
});

const LOGIN_PAGES = [
  { name: "login", path: () => "/login" },
  { name: "login-link", path: () => new URL(flask("user", "link", NAMES.viewer)).pathname },
];

for (const { name, path } of LOGIN_PAGES) {
  test(`${name} shows itself at every size and in both themes, and keeps nobody out`, async ({ page, complaints }) => {
    await page.goto(path());
    await expect(page.getByRole("button", { name: "Log in" })).toBeVisible();
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme });
      for (const { name: size, ...window } of [{ name: "phone", width: 360, height: 740 }, ...SIZES]) {
        await page.setViewportSize(window);
        await expectNoSidewaysScroll(page);
        await shoot(page, `${name}-${colorScheme}-${size}`);
      }
      await expectAccessible(page);
    }
    expect(complaints).toEqual([]);
  });
}
