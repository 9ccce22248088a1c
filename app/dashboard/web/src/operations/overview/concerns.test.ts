import { expect, test } from "vitest";
import type { Alert, Certified, Check, Collector } from "../../api/operations";
import { concernsOf, type Known } from "./concerns";

const NOTHING: Known = {
  alerts: [],
  moreAlerts: false,
  checks: [],
  collectors: [],
  letters: "0",
  gaps: "0",
  certificates: [],
  lake: undefined,
};
const alert = (severity: Alert["severity"], more: Partial<Alert> = {}) =>
  ({ id: 1, severity, title: "A disk is nearly full", subject: "lake", detail: "95 %", ...more }) as Alert;

test("nothing needs attention where nothing is wrong, and nothing is said of what is not known", () => {
  expect(concernsOf(NOTHING)).toEqual([]);
  expect(concernsOf({ ...NOTHING, alerts: undefined, letters: undefined, gaps: undefined })).toEqual([]);
});

test("the gravest comes first, whatever it is about", () => {
  const concerns = concernsOf({
    ...NOTHING,
    alerts: [alert("info"), alert("warning", { id: 2 }), alert("critical", { id: 3 })],
    checks: [{ name: "ingest", ok: false, detail: "stands still" } as Check],
    gaps: "100+",
  });

  expect(concerns.map((one) => one.key)).toEqual(["alert 3", "check ingest", "alert 2", "alert 1", "gaps"]);
});

test("an alert that somebody sees to says who", () => {
  const seen = alert("warning", { acknowledged_at: "2026-11-27T00:00:00Z", acknowledged_by: "maria" });

  expect(concernsOf({ ...NOTHING, alerts: [seen] })[0]?.detail).toContain("maria");
});

test("a wanted collector is a concern as grave as the light says, and one that nobody wants is none", () => {
  const collectors = [
    { source: "SCHWAB", wanted: true, state: "needs login", detail: "log in" },
    { source: "EXCEL", wanted: true, state: "failed", detail: "" },
    { source: "REPLAY", wanted: false, state: "failed", detail: "" },
  ];

  const concerns = concernsOf({ ...NOTHING, collectors: collectors as Collector[] });

  expect(concerns.map((one) => [one.key, one.tone])).toEqual([
    ["collector SCHWAB", "bad"],
    ["collector EXCEL", "warn"],
  ]);
});

test("a check that is ok and warns is a concern here, too", () => {
  const ledger = { name: "ledger", ok: true, detail: "3 events lost", unexplained_24h: 3 } as Check;

  expect(concernsOf({ ...NOTHING, checks: [ledger] })).toMatchObject([{ key: "check ledger", tone: "warn" }]);
});

test("a session without a certificate is a concern once it is overdue", () => {
  const day: Certified = {
    session_date: "2026-11-25",
    session_close: "2026-11-25T22:00:00Z",
    market: "CME_FX",
    verdict: null,
    reasons: [],
    made_at: null,
    close_status: "done",
    close_reason: "",
    overdue: false,
  };
  const certificates = [day, { ...day, market: "CME_Rates", overdue: true }];

  const concerns = concernsOf({ ...NOTHING, certificates });

  expect(concerns.map((one) => one.href)).toEqual([
    "/operations/sessions?market=CME_Rates&month=2026-11&day=2026-11-25",
  ]);
});

test("one dead letter is told in the singular, and more than a page as at least so many", () => {
  expect(concernsOf({ ...NOTHING, letters: "1" })[0]?.title).toBe("1 dead letter is open");
  expect(concernsOf({ ...NOTHING, letters: "100+" })[0]?.title).toBe("100+ dead letters are open");
});

test("files that the lake lacks are a concern, and none where it lacks none", () => {
  const lake = { files: 10, days: 1, rows: 100, bytes: 1000, missing: 2 };

  expect(concernsOf({ ...NOTHING, lake })[0]?.title).toBe("2 files are missing in the lake");
  expect(concernsOf({ ...NOTHING, lake: { ...lake, missing: 0 } })).toEqual([]);
});

test("dead letters of which an alert tells are told once", () => {
  const alerts = [alert("warning", { rule: "dead_letters" })];

  expect(concernsOf({ ...NOTHING, alerts, letters: "7" }).map((one) => one.key)).toEqual(["alert 1"]);
});
