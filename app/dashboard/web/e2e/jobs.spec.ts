import { expect, forgiveNetwork, shoot, test } from "./desk";

test("an analysis is asked for, followed, and its result read", async ({ page, complaints }) => {
  await page.goto("/analysis/new");
  await page.getByRole("checkbox", { name: /^ES\b/ }).check();
  await page.getByRole("checkbox", { name: /^ZB\b/ }).check();
  await page.getByRole("button", { name: /start|ask/i }).click();

  await expect(page).toHaveURL(/\/analysis\/\d+$/);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("ES");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("done", { timeout: 50_000 });
  await expect(page.getByText("HOLD").first()).toBeVisible();
  await expect(page.getByRole("link", { name: "CSV" })).toBeVisible();
  await shoot(page, "analysis-asked");
  expect(complaints).toEqual([]);
});

test("what the API refuses is said at the field", async ({ page, complaints }) => {
  await page.goto("/analysis/new");
  await page.getByRole("checkbox", { name: /^ES\b/ }).check();
  await page.getByLabel(/timeframe/i).fill("soon");
  await page.getByRole("button", { name: /start|ask/i }).click();

  await expect(page.getByText(/soon/).last()).toBeVisible();
  await expect(page).toHaveURL(/\/analysis\/new$/);
  forgiveNetwork(complaints); // The browser tells of the answer 400.
});

test("an analysis that does not exist is said to be none", async ({ page, complaints }) => {
  await page.goto("/analysis/999999");

  await expect(page.getByRole("alert")).toContainText("no job 999999");
  forgiveNetwork(complaints); // The browser tells of the answer 404.
});
