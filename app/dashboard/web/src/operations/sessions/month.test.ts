import { expect, test } from "vitest";
import type { Certified } from "../../api/operations";
import {
  type Calendar,
  type CalendarSession,
  clockShift,
  dateIn,
  daysOf,
  isRunning,
  shiftedMonth,
  weeksOf,
} from "./month";

test("a month's weeks begin on Monday and hold all of its days", () => {
  const weeks = weeksOf("2026-11");

  expect(weeks[0]?.[0]).toBe("2026-10-26");
  expect(weeks.at(-1)?.[0]).toBe("2026-11-30");
  expect(weeks.flat().filter((day) => day.startsWith("2026-11"))).toHaveLength(30);
});

test("months pass over the end of a year", () => {
  expect(shiftedMonth("2026-12", 1)).toBe("2027-01");
  expect(shiftedMonth("2027-01", -1)).toBe("2026-12");
});

test("clocks go back in November and forward in March where the exchange is, on a Sunday", () => {
  expect(clockShift("2026-11-01", "America/Chicago")).toBe(-60);
  expect(clockShift("2027-03-14", "America/Chicago")).toBe(60);
  expect(clockShift("2026-11-02", "America/Chicago")).toBeNull();
  expect(clockShift("2026-11-01", "UTC")).toBeNull();
});

test("a day's date is that of the market's zone", () => {
  expect(dateIn(Date.parse("2026-11-27T01:00:00Z"), "America/Chicago")).toBe("2026-11-26");
});

test("a day has its session, its holiday and its own market's certificate", () => {
  const calendar = {
    market: "CME_FX",
    timezone: "America/Chicago",
    sessions: [{ session_date: "2026-11-27", is_early_close: true }],
    closed: [{ date: "2026-11-26", holiday_name: "Thanksgiving Day", remark: null }],
  } as unknown as Calendar;
  const certificates = [
    { session_date: "2026-11-27", market: "CME_Futures", verdict: "failed" },
    { session_date: "2026-11-27", market: "CME_FX", verdict: "complete" },
  ] as Certified[];

  const days = daysOf("2026-11", calendar, certificates).flat();
  const day = (date: string) => days.find((one) => one.date === date);

  expect(day("2026-11-27")?.certified?.verdict).toBe("complete");
  expect(day("2026-11-26")?.closed?.holiday_name).toBe("Thanksgiving Day");
  expect(day("2026-11-28")).toMatchObject({ session: null, closed: null, certified: null });
  expect(day("2026-10-30")?.isInMonth).toBe(false);
});

test("a session runs from its open until before its close, also in the evening before its day", () => {
  const session = { session_open: "2026-11-26T23:00:00Z", session_close: "2026-11-27T18:15:00Z" } as CalendarSession;

  expect(isRunning(session, Date.parse("2026-11-26T23:00:00Z"))).toBe(true);
  expect(isRunning(session, Date.parse("2026-11-27T18:15:00Z"))).toBe(false);
  expect(isRunning(null, Date.parse("2026-11-27T00:00:00Z"))).toBe(false);
});
