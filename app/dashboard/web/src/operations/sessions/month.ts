import type { Shape } from "../../api/client";
import type { Certified } from "../../api/operations";

export type Calendar = Shape<"SessionsAnswer">;
export type CalendarSession = Calendar["sessions"][number];
export type ClosedDay = Calendar["closed"][number];

const DAY_MS = 86_400_000;

/** A day as the calendar shows it: with a session, closed, or neither, as on a weekend. */
export interface Day {
  readonly date: string;
  readonly isInMonth: boolean;
  readonly session: CalendarSession | null;
  readonly closed: ClosedDay | null;
  readonly certified: Certified | null;
  /** Minutes by which clocks are put forward on that day; null where they are not touched. */
  readonly clockShift: number | null;
}

/** The month of a day: 2026-11 of 2026-11-27. */
export function monthOf(day: string): string {
  return day.slice(0, 7);
}

/** The month so many after (before, where negative) another. */
export function shiftedMonth(month: string, by: number): string {
  const at = new Date(`${month}-01T00:00:00Z`);
  at.setUTCMonth(at.getUTCMonth() + by);
  return at.toISOString().slice(0, 7);
}

/** The weeks, from Monday, that hold a month's days; days of its neighbours fill the first and the last. */
export function weeksOf(month: string): string[][] {
  const first = Date.parse(`${month}-01T00:00:00Z`);
  const end = Date.parse(`${shiftedMonth(month, 1)}-01T00:00:00Z`);
  const sinceMonday = (new Date(first).getUTCDay() + 6) % 7;
  const weeks: string[][] = [];
  for (let monday = first - sinceMonday * DAY_MS; monday < end; monday += 7 * DAY_MS) {
    weeks.push(Array.from({ length: 7 }, (_, index) => new Date(monday + index * DAY_MS).toISOString().slice(0, 10)));
  }
  return weeks;
}

/** The days of a month's weeks with what the calendar and the certificates say of each. */
export function daysOf(month: string, calendar: Calendar, certificates: readonly Certified[]): Day[][] {
  const sessions = new Map(calendar.sessions.map((one) => [one.session_date, one]));
  const closed = new Map(calendar.closed.map((one) => [one.date, one]));
  const certified = new Map(
    certificates.filter((one) => one.market === calendar.market).map((one) => [one.session_date, one]),
  );
  return weeksOf(month).map((week) =>
    week.map((date) => ({
      date,
      isInMonth: monthOf(date) === month,
      session: sessions.get(date) ?? null,
      closed: closed.get(date) ?? null,
      certified: certified.get(date) ?? null,
      clockShift: clockShift(date, calendar.timezone),
    })),
  );
}

/** Minutes by which the clocks of a zone are put forward on a day, negative for back; null where they are not touched. */
export function clockShift(day: string, zone: string): number | null {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // Clocks change at night: noon of one day and noon of the next lie around it in every zone.
  const shift = offsetMinutes(midnight + DAY_MS / 2, zone) - offsetMinutes(midnight - DAY_MS / 2, zone);
  return shift === 0 ? null : shift;
}

/** Whether a session runs at an instant. */
export function isRunning(session: CalendarSession | null, at: number): boolean {
  return session !== null && Date.parse(session.session_open) <= at && at < Date.parse(session.session_close);
}

/** The date at an instant in a zone. */
export function dateIn(at: number, zone: string): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short" }).format(new Date(at));
}

function offsetMinutes(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" }).formatToParts(at);
  const told = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(parts.find((part) => part.type === "timeZoneName")?.value ?? "");
  const minutes = Number(told?.[2] ?? 0) * 60 + Number(told?.[3] ?? 0);
  return told?.[1] === "-" ? -minutes : minutes;
}
