import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { keepLogins } from "./users";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
const LOGS = fileURLToPath(new URL("../test-results", import.meta.url));
const START_LIMIT_MS = 180_000;
const STOP_LIMIT_MS = 30_000;

/** Start what `make demo` starts, in a folder and on ports of its own, and log its users in; the answer stops it. THOR_URL names one that runs. */
export default async function startStack(): Promise<() => Promise<void>> {
  if (process.env.THOR_URL !== undefined) {
    await keepLogins(process.env.THOR_URL);
    return async () => {};
  }
  const state = mkdtempSync(join(tmpdir(), "thor-ui-"));
  const [web, flower] = [await freePort(), await freePort()];
  mkdirSync(LOGS, { recursive: true });
  const env = {
    ...process.env,
    STATE_DIR: state,
    WEB_PORT: String(web),
    FLOWER_PORT: String(flower),
    QUOTE_STALE_S: "4",
    SESSION_SOURCES: "SIMULATED",
  };
  const demo = spawn(join(ROOT, ".venv", "bin", "flask"), ["demo"], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(join(LOGS, "demo.log"));
  demo.stdout.pipe(log);
  demo.stderr.pipe(log);
  process.env.THOR_URL = `http://127.0.0.1:${web}`;
  process.env.THOR_STATE = state;
  try {
    await said(demo, "Stop it with Ctrl-C");
    await keepLogins(process.env.THOR_URL);
  } catch (error) {
    await stop(demo, state);
    throw error;
  }
  return () => stop(demo, state);
}

async function said(demo: ChildProcess, words: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the demo was not up within ${START_LIMIT_MS / 1000} s`)),
      START_LIMIT_MS,
    );
    let heard = "";
    const listen = (chunk: Buffer) => {
      heard = (heard + chunk).slice(-4_000);
      if (heard.includes(words)) {
        clearTimeout(timer);
        resolve();
      }
    };
    demo.stdout?.on("data", listen);
    demo.stderr?.on("data", listen);
    demo.once("exit", (code) => reject(new Error(`the demo ended with ${code}: see test-results/demo.log\n${heard}`)));
  });
}

async function stop(demo: ChildProcess, state: string): Promise<void> {
  if (demo.exitCode === null) {
    const ended = new Promise((resolve) => demo.once("exit", resolve));
    demo.kill("SIGTERM");
    const timer = setTimeout(() => demo.kill("SIGKILL"), STOP_LIMIT_MS);
    await ended;
    clearTimeout(timer);
  }
  rmSync(state, { recursive: true, force: true });
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === "object" ? resolve(address.port) : reject(address)));
    });
  });
}
