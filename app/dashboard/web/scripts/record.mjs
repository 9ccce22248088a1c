// Record what the built files were made of, and compress them. See tests/dashboard_build.py, which takes the same files
// for sources and reads the record.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const WEB = fileURLToPath(new URL("..", import.meta.url));
const STATIC = join(WEB, "..", "static");
const COMPRESSED = /\.(js|css|html|svg|md)$/;
const SOURCES =
  /^(index\.html|vite\.config\.ts|package\.json|package-lock\.json|tsconfig[^/]*\.json|(src|public)\/.+)$/;
const TESTS = /^src\/(testing\/|.*\.test\.tsx?$)/;

for (const name of filesBelow(STATIC).filter((one) => COMPRESSED.test(one))) {
  writeFileSync(join(STATIC, `${name}.gz`), gzipSync(readFileSync(join(STATIC, name)), { level: 9 }));
}
const files = Object.fromEntries(
  inOrder(filesBelow(STATIC).filter((name) => name !== "built.json")).map((name) => [name, hashOf(join(STATIC, name))]),
);
const sources = inOrder(repositoryFiles().filter((name) => SOURCES.test(name) && !TESTS.test(name)));
writeFileSync(
  join(STATIC, "built.json"),
  `${JSON.stringify({ source_sha256: sourceHash(sources), files }, null, 2)}\n`,
);

function sourceHash(names) {
  const hash = createHash("sha256");
  for (const name of names) {
    const bytes = readFileSync(join(WEB, name));
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

function hashOf(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"));
}

// What is committed, or would be by `git add --all`.
function repositoryFiles() {
  const listing = ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const names = execFileSync("git", listing, { cwd: WEB, encoding: "utf8", maxBuffer: 1 << 28 }).split("\0");
  return [...new Set(names)].filter((name) => statSync(join(WEB, name), { throwIfNoEntry: false })?.isFile());
}

function inOrder(names) {
  return [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
