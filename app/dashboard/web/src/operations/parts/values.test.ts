import { expect, test } from "vitest";
import { atLeastText, fieldText, numberIn, numbersIn, valueText } from "./values";

test("a value that is not known is a dash and never zero", () => {
  expect([null, undefined, ""].map(valueText)).toEqual(["–", "–", "–"]);
  expect(valueText(0)).toBe("0");
});

test("records and lists are read out", () => {
  expect(valueText({ ES: 1200, NQ: null })).toBe("ES 1,200, NQ –");
  expect(valueText(["a", true])).toBe("a, yes");
  expect(valueText({})).toBe("none");
});

test("numbers are found under their names alone", () => {
  const check = { behind: 0, detail: "0 entries", pulse_age_s: { export: 3.1, control: null } };

  expect(numberIn(check, "behind")).toBe(0);
  expect(numberIn(check, "detail")).toBeNull();
  expect(numberIn(undefined, "behind")).toBeNull();
  expect(numbersIn(check, "pulse_age_s")).toEqual({ export: 3.1, control: null });
});

test("a list that goes on is told as more than what is seen", () => {
  expect(atLeastText(100, true)).toBe("100+");
  expect(atLeastText(7, false)).toBe("7");
});

test("field names are words", () => expect(fieldText("rows_in_files")).toBe("rows in files"));
