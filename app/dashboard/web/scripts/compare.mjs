// Build once more, elsewhere, and say what differs from the built files that are shipped; 1 when something does.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const WEB = fileURLToPath(new URL("..", import.meta.url));
const STATIC = join(WEB, "..", "static");
const ROOT = join(WEB, "..", "..", "..");
// What a first visit of every page loads, compressed.
const BUDGET_BYTES = 350_000;
const fresh = mkdtempSync(join(tmpdir(), "thor-dashboard-"));

try {
  const bin = join(WEB, "node_modules", ".bin");
  execFileSync(join(bin, "vite"), ["build", "--outDir", fresh, "--emptyOutDir", "--logLevel", "warn"], {
    cwd: WEB,
    stdio: "inherit",
  });
  const wrong = differences(contentsBelow(fresh), contentsBelow(STATIC));
  wrong.push(...typesDifference(bin), ...overweight(STATIC));
  for (const line of wrong) console.error(line);
  if (wrong.length > 0) {
    console.error("The built files are not those of the source: run `make dashboard` and commit what it wrote.");
    process.exitCode = 1;
  } else {
    console.log("The built files and the API's types are those of the source.");
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

function differences(wanted, there) {
  const names = [...new Set([...wanted.keys(), ...there.keys()])].sort();
  return names
    .filter((name) => !wanted.get(name)?.equals(there.get(name) ?? Buffer.alloc(0)))
    .map(
      (name) =>
        `${!there.has(name) ? "missing" : wanted.has(name) ? "differs" : "left over"}: app/dashboard/static/${name}`,
    );
}

// The compressed twins are made of these by any version of zlib, whose bytes may differ.
function contentsBelow(folder) {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".gz") && entry.name !== "built.json")
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(names.map((name) => [relative(folder, name).split(sep).join("/"), readFileSync(name)]));
}

function overweight(folder) {
  const loaded = readdirSync(join(folder, "assets")).filter((name) => /\.(js|css)\.gz$/.test(name));
  const bytes = loaded.reduce((sum, name) => sum + statSync(join(folder, "assets", name)).size, 0);
  console.log(`${Math.round(bytes / 1000)} KB of scripts and styles, compressed, of ${BUDGET_BYTES / 1000} KB.`);
  return bytes <= BUDGET_BYTES ? [] : [`too large: ${bytes} bytes of scripts and styles, compressed`];
}

function typesDifference(bin) {
  const spec = join(fresh, "openapi.json");
  const types = join(fresh, "schema.d.ts");
  execFileSync(join(ROOT, ".venv", "bin", "flask"), ["spec", "-q", "-o", spec], { cwd: ROOT, stdio: "inherit" });
  execFileSync(join(bin, "openapi-typescript"), [spec, "-o", types, "--alphabetize"], { cwd: WEB, stdio: "ignore" });
  const same = readFileSync(types).equals(readFileSync(join(WEB, "src", "api", "schema.d.ts")));
  return same ? [] : ["differs: app/dashboard/web/src/api/schema.d.ts from what the API says: run `npm run types`"];
}
