import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";

const SCREENSHOTS = fileURLToPath(new URL("../test-results/screenshots", import.meta.url));

/** The sizes of windows at which pages are looked at. */
export const SIZES = [
  { name: "tablet", width: 820, height: 1180 },
  { name: "1920", width: 1920, height: 1080 },
  { name: "1280", width: 1280, height: 900 },
] as const;

interface Desk {
  /** What the browser's console complained of; a test ends with none, unless it takes them out. */
  complaints: string[];
}

/** Playwright's test with a page that must not complain. */
export const test = base.extend<Desk>({
  complaints: async ({ page }, use) => {
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
    await use(complaints);
    expect(complaints, "the browser's console").toEqual([]);
  },
});

/** Take out what the browser itself says of requests that were refused or not answered, where that was meant to happen. */
export function forgiveNetwork(complaints: string[]): void {
  const others = complaints.filter((one) => !/Failed to load resource|net::ERR_/.test(one));
  complaints.splice(0, complaints.length, ...others);
}

/** Keep a picture of the page as it is. */
export async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage: true, animations: "disabled" });
}

/** No serious or critical finding of axe on the page, by all its rules for WCAG 2.1 A and AA or by one of them. */
export async function expectAccessible(page: Page, rule?: string): Promise<void> {
  const axe = new AxeBuilder({ page });
  const asked = rule === undefined ? axe.withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]) : axe.withRules(rule);
  const found = await asked.analyze();
  const grave = found.violations.filter((one) => one.impact === "serious" || one.impact === "critical");
  expect(grave.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`)).toEqual([]);
}

/** No part of the page lies to the right of the window. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const { wide, window: seen } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
  }));
  expect(wide).toBeLessThanOrEqual(seen);
}

export { expect };
