import { UNKNOWN } from "./numbers";

const made = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  const known = made.get(key) ?? new Intl.DateTimeFormat("en-US", { timeZone: zone, ...options });
  made.set(key, known);
  return known;
}

/** An instant whole, with its zone: Nov 27, 2026, 12:15:00 PM CST. */
export function instantText(instant: string | number | null | undefined, zone: string): string {
  if (instant == null) return UNKNOWN;
  return formatOf(zone, { dateStyle: "medium", timeStyle: "long" }).format(new Date(instant));
}

/** The time of an instant, with its zone: 12:15:00 PM CST. */
export function timeText(instant: string | number | null | undefined, zone: string): string {
  if (instant == null) return UNKNOWN;
  return formatOf(zone, { hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "short" }).format(
    new Date(instant),
  );
}

/** A time without seconds, with its zone: Fri 12:15 PM CST. */
export function shortTimeText(instant: string | number | null | undefined, zone: string): string {
  if (instant == null) return UNKNOWN;
  return formatOf(zone, { weekday: "short", hour: "numeric", minute: "2-digit", timeZoneName: "short" }).format(
    new Date(instant),
  );
}

/** The time on the clock alone, with its zone: 12:15 PM CST. */
export function clockText(instant: string | number | null | undefined, zone: string): string {
  if (instant == null) return UNKNOWN;
  return formatOf(zone, { hour: "numeric", minute: "2-digit", timeZoneName: "short" }).format(new Date(instant));
}

/** A trading day, which belongs to no zone: Fri, Nov 27, 2026. */
export function dayText(day: string | null | undefined): string {
  if (day == null) return UNKNOWN;
  const options = { weekday: "short", month: "short", day: "numeric", year: "numeric" } as const;
  return formatOf("UTC", options).format(new Date(`${day}T00:00:00Z`));
}

/** A trading day in little room: Nov 27. */
export function shortDayText(day: string): string {
  return formatOf("UTC", { month: "short", day: "numeric" }).format(new Date(`${day}T00:00:00Z`));
}

/** How long something lasts, in its two largest units: 17 h 28 min, 4 min 05 s, 12 s, 340 ms. */
export function durationText(ms: number | null | undefined): string {
  if (ms == null) return UNKNOWN;
  if (ms < 0) return `−${durationText(-ms)}`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** What is left of a time, in hours, minutes and whole seconds, rounded up: 73:12:05; no less than nothing. */
export function countdownText(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** How old something is, in little room: 0.4 s, 12 s, 3 min, 2 h, 5 d. */
export function ageText(ms: number | null | undefined): string {
  if (ms == null) return UNKNOWN;
  if (ms < 0) return `−${ageText(-ms)}`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.floor(ms / 1_000)} s`;
  if (ms < 7_200_000) return `${Math.floor(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${Math.floor(ms / 3_600_000)} h` : `${Math.floor(ms / 86_400_000)} d`;
}
