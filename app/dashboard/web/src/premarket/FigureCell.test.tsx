import { fireEvent, screen } from "@testing-library/react";
import type { ReactElement } from "react";
import { expect, it } from "vitest";
import { showPage } from "../testing/pages";
import { FigureCell } from "./FigureCell";
import type { Figure } from "./figures";

const SKILL: Figure = {
  value: 0.1693,
  n: 322,
  status: "ok",
  method: "Brier skill",
  window: "598 bars",
  asof: "2026-11-25T14:00:00Z",
};

it("says its value, its sample and then what it is to those who do not see it", () => {
  show(<FigureCell name="ES skill" figure={SKILL} />);

  expect(screen.getByRole("button", { name: /^0\.169.*n 322.*, ES skill, how it came about$/ })).toBeDefined();
});

it("says that there is too little data where that is so", () => {
  show(<FigureCell name="ES skill" figure={{ ...SKILL, value: null, status: "insufficient_data" }} />);

  expect(screen.getByRole("button", { name: /^–.*too little data.*, ES skill, how it came about$/ })).toBeDefined();
});

it("tells how it came about only while that is open", () => {
  const { container } = show(<FigureCell name="ES skill" figure={SKILL} />);
  const told = container.querySelector("[popover]") as HTMLElement;
  expect(told.textContent).toBe("");

  fireEvent(told, Object.assign(new Event("toggle"), { newState: "open" }));
  expect(told.textContent).toContain("598 bars");

  fireEvent(told, Object.assign(new Event("toggle"), { newState: "closed" }));
  expect(told.textContent).toBe("");
});

function show(cell: ReactElement) {
  return showPage(cell, "/premarket", {});
}
