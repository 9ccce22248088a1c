import { expect, it } from "vitest";
import type { Session } from "./sessionWords";
import { titleOf } from "./title";

const closed = { status: "CLOSED" } as Session;

it("the title tells the page and the market's status", () => {
  expect(titleOf("/", closed, false)).toBe("Quotes | Thor: CLOSED");
  expect(titleOf("/premarket", closed, false)).toBe("Pre-market | Thor: CLOSED");
});
it("the title names what the page is about", () => {
  expect(titleOf("/chart/ES", { status: "PRE_MARKET" } as Session, false)).toBe("ES Chart | Thor: PRE");
});
it("the title says that Thor is away, whatever the market did last", () => {
  expect(titleOf("/", closed, true)).toBe("Quotes | Thor: AWAY");
});
it("the title claims no status that is not known", () => {
  expect(titleOf("/operations/lake", undefined, false)).toBe("lake Operations | Thor");
});
