import { expect, test } from "vitest";
import { ANONYMOUS, madeMe, OPERATOR } from "../testing/callers";
import { allows, loginHref, reasonAgainst, standingAfter } from "./caller";

const NOBODY = { me: null, isOver: true };
const anonymous = ANONYMOUS.me;

test("a role may what the roles below it may, and who is not known may nothing", () => {
  expect((["viewer", "operator", "admin"] as const).map((role) => allows(OPERATOR, role))).toEqual([true, true, false]);
  expect(allows(undefined, "viewer")).toBe(false);
  expect(allows(NOBODY, "viewer")).toBe(false);
});

test("nothing is said against what one may, nor before it is known who one is", () => {
  expect(reasonAgainst(OPERATOR, "operator")).toBeNull();
  expect(reasonAgainst(undefined, "operator")).toBeNull();
});

test("why one may not is said to strangers and to users in their words", () => {
  expect(reasonAgainst(ANONYMOUS, "operator")).toBe("Log in as an operator to change this.");
  expect(reasonAgainst(NOBODY, "admin", "see this")).toBe("Log in as an admin to see this.");
  expect(reasonAgainst({ ...OPERATOR, me: madeMe({ role: "viewer" }) }, "operator")).toBe(
    "You are a viewer: this takes an operator.",
  );
});

test("a login is over when a user is nobody in particular any more, and stays so until somebody logs in", () => {
  const over = standingAfter(OPERATOR, anonymous);
  expect(over).toEqual({ me: anonymous, isOver: true });
  expect(standingAfter(over, anonymous).isOver).toBe(true);
  expect(standingAfter(over, madeMe()).isOver).toBe(false);
});

test("who was never logged in is not told that it is over, unless Thor reads nothing out to strangers", () => {
  expect(standingAfter(undefined, anonymous).isOver).toBe(false);
  expect(standingAfter(undefined, null)).toEqual(NOBODY);
});

test("the login leads back to where one was", () => {
  expect(loginHref(ANONYMOUS, "/operations/alerts?state=all&alert=7")).toBe(
    "/login?next=%2Foperations%2Falerts%3Fstate%3Dall%26alert%3D7",
  );
  expect(loginHref(NOBODY, "/")).toBe("/login?next=%2F");
});
