import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { request } from "@playwright/test";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
const LOGINS = fileURLToPath(new URL("../test-results/logins", import.meta.url));

export type Role = "viewer" | "operator" | "admin";

/** The user of a role, with whose login tests begin. */
export const NAMES: Readonly<Record<Role, string>> = {
  viewer: "ui-viewer",
  operator: "ui-operator",
  admin: "ui-admin",
};

/** Where the login of a role is kept as the state of a browser. */
export const loginOf = (role: Role) => `${LOGINS}/${role}.json`;

/** The state of a browser in which nobody is logged in. */
export const NOBODY = { cookies: [], origins: [] };

/** What one of Thor's own commands prints, such as `flask user link anna`. */
export function flask(...words: string[]): string {
  const env = { ...process.env, STATE_DIR: process.env.THOR_STATE };
  const told = execFileSync(`${ROOT}.venv/bin/flask`, words, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  return String(told).trim();
}

/** Add a user, or give the one that there is the role and a new password; the answer is the password. */
export function makeUser(name: string, role: Role): string {
  const users = JSON.parse(flask("user", "list", "--json")) as { name: string }[];
  if (!users.some((one) => one.name === name)) return flask("user", "add", name, `--role=${role}`, "--generate");
  flask("user", "enable", name);
  flask("user", "role", name, role);
  return flask("user", "password", name, "--generate");
}

/** Log the user of each role in, as the page of the login does it, and keep what the browser is given. */
export async function keepLogins(url: string): Promise<void> {
  for (const role of ["viewer", "operator", "admin"] as const) {
    const browser = await request.newContext({ baseURL: url, extraHTTPHeaders: { Origin: url } });
    const password = makeUser(NAMES[role], role);
    const answer = await browser.post("/login", { form: { name: NAMES[role], password }, maxRedirects: 0 });
    if (answer.status() !== 303) throw new Error(`${NAMES[role]} could not log in: ${answer.status()}`);
    await browser.storageState({ path: loginOf(role) });
    await browser.dispose();
  }
}
