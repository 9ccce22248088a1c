// The page in a browser, for the measurements.
import { chromium } from "@playwright/test";

const ARGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

/** Open the page at an address and wait for its rows; the answer has the page, its DevTools session, and what ends both. */
export async function openPage(address) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: ARGS.split(" ") });
  const page = await browser.newPage({ viewport: { width: 1_920, height: 1_080 } });
  page.on("pageerror", (error) => console.error("the page failed:", error.message));
  await page.goto(address);
  await page.waitForSelector("tr[data-state='live']");
  const devtools = await page.context().newCDPSession(page);
  return { page, devtools, end: () => browser.close() };
}

/** Fail unless the page soon shows the newest price of every symbol: what is measured must be the real work. */
export async function requireNewest(page, market) {
  const newest = Object.fromEntries(market.quotes.map((quote) => [quote.symbol, Number(quote.last)]));
  const isShown = (wanted) =>
    Object.entries(wanted).every(([symbol, last]) => {
      const text = document.querySelector(`tr[data-symbol="${symbol}"] [data-field="last"]`)?.textContent ?? "";
      return Number(text.replaceAll(",", "")) === last;
    });
  await page.waitForFunction(isShown, newest, { timeout: 120_000, polling: 500 });
}

/** Fail unless the page has kept one connection: snapshots alone would bring every newest price, too. */
export function requireOneStream({ connections }) {
  if (connections !== 1) throw new Error(`the page has connected ${connections} times: this measures something else`);
}
