import { expect, test } from "vitest";
import type { Day } from "./month";
import { certificateWord, type EventRecord, latenessText, remarksOf } from "./words";

const PLAIN: Day = {
  date: "2026-11-27",
  isInMonth: true,
  session: null,
  closed: null,
  certified: null,
  clockShift: null,
};

test("a certificate is told by a mark and a word, and one that is not there is no verdict", () => {
  expect(certificateWord({ verdict: "incomplete", overdue: false })).toMatchObject({ mark: "~", word: "incomplete" });
  expect(certificateWord({ verdict: null, overdue: true })).toMatchObject({ tone: "bad", word: "overdue" });
  expect(certificateWord({ verdict: null, overdue: false })).toMatchObject({ tone: "quiet", word: "none" });
  expect(certificateWord(null)).toBeNull();
});

test("a holiday that is also the remark is told once", () => {
  const closed = { date: PLAIN.date, holiday_name: "Christmas Day", remark: "Christmas Day" };

  expect(remarksOf({ ...PLAIN, closed })).toEqual(["closed: Christmas Day"]);
});

test("early closes and changed clocks are told", () => {
  const session = { is_early_close: true, holiday_name: null, remark: "Day after Thanksgiving" } as Day["session"];

  expect(remarksOf({ ...PLAIN, session, clockShift: -60 })).toEqual([
    "early close",
    "Day after Thanksgiving",
    "clocks back 1 h",
  ]);
});

test("only what was late tells how much", () => {
  const event = { status: "late", late_s: 95 } as EventRecord;

  expect(latenessText(event)).toBe("1 min 35 s late");
  expect(latenessText({ ...event, status: "done", late_s: 2 })).toBeNull();
  expect(latenessText({ ...event, status: "planned", late_s: null })).toBeNull();
});
