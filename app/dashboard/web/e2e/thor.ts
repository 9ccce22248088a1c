import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

/** The number of one of the stack's processes, such as `web`. */
export function pidOf(name: string): number {
  const env = { ...process.env, STATE_DIR: process.env.THOR_STATE };
  const told = execFileSync(`${ROOT}.venv/bin/flask`, ["status", "--json"], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const { processes } = JSON.parse(String(told)) as { processes: { name: string; pid: number | null }[] };
  const pid = processes.find((one) => one.name === name)?.pid;
  if (pid == null) throw new Error(`no process ${name} runs`);
  return pid;
}
