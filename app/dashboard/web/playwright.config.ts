import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";
import { loginOf } from "./e2e/users";

const CHROMIUM = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== undefined && existsSync(path));
if (CHROMIUM === undefined)
  throw new Error("no Chromium is found: install the package chromium, or name one by CHROMIUM=/path");

export default defineConfig({
  testDir: "e2e",
  globalSetup: "./e2e/stack.ts",
  outputDir: "test-results/runs",
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  // What only looks goes side by side; what stops and starts parts of the one Thor comes after it, one at a time.
  projects: [
    {
      name: "looks",
      testMatch: ["pages.spec.ts", "jobs.spec.ts", "access.spec.ts"],
      fullyParallel: true,
      use: { storageState: loginOf("admin") },
    },
    {
      name: "disturbs",
      testMatch: "live.spec.ts",
      dependencies: ["looks"],
      workers: 1,
      use: { storageState: loginOf("operator") },
    },
  ],
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
