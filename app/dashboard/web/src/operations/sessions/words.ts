import type { Shape } from "../../api/client";
import type { Certified } from "../../api/operations";
import { UNKNOWN } from "../../format/numbers";
import { durationText } from "../../format/times";
import type { Tone } from "../../ui/Badge";
import type { Day } from "./month";

type Verdict = NonNullable<Certified["verdict"]>;
export type EventRecord = Shape<"SessionRecordsAnswer.EventAnswer">;

const MARKS: Readonly<Record<Verdict, readonly [Tone, string]>> = {
  complete: ["ok", "✓"],
  incomplete: ["warn", "~"],
  failed: ["bad", "✕"],
};

/** What each verdict of a certificate means. */
export const VERDICTS: Readonly<Record<Verdict, string>> = {
  complete: "every figure holds and nothing is missing",
  incomplete: "every figure holds, and something is known to be missing for good",
  failed: "a figure does not hold",
};

/** A certificate's colour, mark and word; null where a session is not over, or nothing has to be certified of it. */
export function certificateWord(
  certified: Pick<Certified, "verdict" | "overdue"> | null,
): { tone: Tone; mark: string; word: string } | null {
  if (certified === null) return null;
  if (certified.verdict !== null) {
    const [tone, mark] = MARKS[certified.verdict];
    return { tone, mark, word: certified.verdict };
  }
  return certified.overdue
    ? { tone: "bad", mark: "!", word: "overdue" }
    : { tone: "quiet", mark: UNKNOWN, word: "none" };
}

/** What is special about a day: holidays, early closes and changed clocks, each in a few words. */
export function remarksOf(day: Day): string[] {
  const { session, closed, clockShift } = day;
  const remarks: string[] = [];
  if (closed !== null) remarks.push(`closed${closed.holiday_name ? `: ${closed.holiday_name}` : ""}`);
  if (closed?.remark && closed.remark !== closed.holiday_name) remarks.push(closed.remark);
  if (session?.is_early_close) remarks.push("early close");
  if (session?.holiday_name) remarks.push(session.holiday_name);
  if (session?.remark && session.remark !== session.holiday_name) remarks.push(session.remark);
  if (clockShift !== null) {
    const shift = Math.abs(clockShift);
    remarks.push(
      `clocks ${clockShift > 0 ? "forward" : "back"} ${shift % 60 === 0 ? `${shift / 60} h` : `${shift} min`}`,
    );
  }
  return remarks;
}

const STATUSES: Readonly<Record<EventRecord["status"], Tone>> = {
  planned: "quiet",
  started: "info",
  done: "ok",
  late: "warn",
  skipped: "warn",
};

/** The colour of what became of an open or close. */
export function statusTone(event: EventRecord): Tone {
  return STATUSES[event.status];
}

/** How late an open or close was done; null where it is not done or was in time. */
export function latenessText(event: EventRecord): string | null {
  return event.late_s === null || event.status === "done" ? null : `${durationText(event.late_s * 1_000)} late`;
}
