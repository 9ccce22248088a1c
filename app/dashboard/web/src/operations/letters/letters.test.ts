import { expect, test } from "vitest";
import { cameText, correctionOf, draftsOf, outcomeText, redriveScope, scopeText } from "./letters";

test("a field is shown as it came, whatever it was", () => {
  expect(cameText("5000.25")).toBe("5000.25");
  expect(cameText({ base64: "Rf8=" })).toBe("no text, in base64: Rf8=");
  expect(cameText({ text: "99", bytes: 1000000 })).toBe("99… (cut: it had 1000000 bytes)");
  expect(cameText({ values: ["ES", "nq"] })).toBe("given 2 times: ES | nq");
});

test("a form begins with the correction so far, and says it whole again", () => {
  const drafts = draftsOf({ last: "x", note: "y" }, { last: "5000.25", note: null, v: "1" });

  expect(correctionOf(drafts)).toEqual({ last: "5000.25", note: null, v: "1" });
});

test("a field that is left empty stays as it came", () => {
  expect(correctionOf(draftsOf({ last: "x" }, null))).toEqual({});
});

test("taking a field away wins over a value", () => {
  expect(correctionOf({ last: { value: "1", isTaken: true } })).toEqual({ last: null });
});

test("a re-drive of many follows the filters, and is of all only where they name nothing", () => {
  const some = redriveScope({ kind: "last", symbol: "ES" });

  expect(some).toEqual({ kind: "last", source: null, symbol: "ES", day: null, all: false });
  expect(scopeText(some)).toBe("open letters of kind last, of ES");
  expect(redriveScope({}).all).toBe(true);
  expect(scopeText(redriveScope({}))).toBe("all open letters");
});

test("what a dry run says is told as what would come", () => {
  expect(outcomeText("stored", true)).toBe("would be stored");
  expect(outcomeText("stored", false)).toBe("stored");
  expect(outcomeText("passed_over", true)).toBe("closed by somebody else");
});
