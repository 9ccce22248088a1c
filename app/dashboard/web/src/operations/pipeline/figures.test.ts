import { expect, test } from "vitest";
import type { Check } from "../../api/operations";
import { figuresOf } from "./figures";

const CHECKS = [
  { name: "ingest", ok: false, detail: "", behind: 1204, pending: 0, standing_still: { one: 40 }, progress_age_s: 95 },
  { name: "queues", ok: true, detail: "", pulse_age_s: { export: 3.1, control: null } },
] as Check[];
const of = (name: string) => figuresOf(CHECKS).find((one) => one.name === name);

test("lag and progress of ingest are told with what they mean", () => {
  expect(of("behind")).toMatchObject({ value: "1,204", isOk: false });
  expect(of("last progress")?.value).toBe("95 s");
  expect(of("standing still")?.value).toBe("one 40");
});

test("a queue that never gave a sign of life is not known to be well", () => {
  expect(of("queue export")?.value).toBe("3.1 s");
  expect(of("queue control")?.value).toBe("–");
});

test("what no check tells is not known", () => {
  expect(of("entries")).toMatchObject({ value: "–", isOk: null });
  expect(figuresOf([]).find((one) => one.name === "queues")?.value).toBe("–");
});
