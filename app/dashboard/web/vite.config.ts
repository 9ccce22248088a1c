import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` serves the page by itself and asks a Thor that runs for everything else.
const thor = process.env.THOR_URL ?? "http://127.0.0.1:8000";
const PROXIED = ["/api", "/admin", "/docs", "/openapi.json", "/login", "/logout"];

const REPLACING = ["src/chart/ChartPage.test.tsx", "src/chart/useLiveBars.test.tsx"];
const TESTS = { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"], setupFiles: ["src/testing/setup.ts"] };

export default defineConfig(({ command }) => ({
  base: command === "build" ? "/dashboard/" : "/",
  plugins: [react()],
  server: { host: "127.0.0.1", proxy: Object.fromEntries(PROXIED.map((path) => [path, thor])) },
  build: {
    outDir: "../static",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: "licenses.md" },
    reportCompressedSize: false,
  },
  test: {
    // A made browser takes a second to begin: one serves many files. Files that replace a module have one of their own.
    projects: [
      { extends: true, test: { ...TESTS, name: "together", isolate: false, exclude: REPLACING } },
      { extends: true, test: { ...TESTS, name: "apart", include: REPLACING } },
    ],
  },
}));
