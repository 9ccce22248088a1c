import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { Attention } from "./Attention";
import type { Concern } from "./concerns";

const CALM = "Nothing needs attention.";
const LETTERS: Concern = {
  key: "letters",
  tone: "warn",
  word: "open",
  title: "7 dead letters are open",
  detail: "correct them",
  since: null,
  href: "/operations/dead-letters",
};

test("nothing needs attention where everything was asked and nothing is wrong", () => {
  render(<Attention overview={{ concerns: [], unknown: [], isLoading: false }} />);

  expect(screen.getByText(CALM)).toBeDefined();
});

test("what could not be asked is named, and never told as nothing", () => {
  render(<Attention overview={{ concerns: [], unknown: ["alerts", "gaps"], isLoading: false }} />);

  expect(screen.getByRole("alert").textContent).toContain("alerts, gaps");
  expect(screen.queryByText(CALM)).toBeNull();
});

test("while answers are on the way nothing is told as nothing", () => {
  render(<Attention overview={{ concerns: [], unknown: [], isLoading: true }} />);

  expect(screen.queryByText(CALM)).toBeNull();
});

test("a concern has its gravity as a word and leads to where it is dealt with", () => {
  render(<Attention overview={{ concerns: [LETTERS], unknown: [], isLoading: false }} />);

  expect(screen.getByText("open")).toBeDefined();
  expect(screen.getByRole("link", { name: LETTERS.title }).getAttribute("href")).toBe(LETTERS.href);
});
