import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const CHROMIUM = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== undefined && existsSync(path));
if (CHROMIUM === undefined)
  throw new Error("no Chromium is found: install the package chromium, or name one by CHROMIUM=/path");

// One browser and one Thor: the tests follow each other, since they stop and start parts of it.
export default defineConfig({
  testDir: "e2e",
  globalSetup: "./e2e/stack.ts",
  outputDir: "test-results/runs",
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    baseURL: process.env.THOR_URL,
    viewport: { width: 1280, height: 900 },
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: CHROMIUM,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
