import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { showPage } from "../testing/pages";
import type { Signal } from "./brief";
import { Signals } from "./Signals";

const SIGNAL: Signal = {
  symbol: "ES",
  action: "BUY",
  strength: 0.42,
  confidence: null,
  netEdge: null,
  skill: null,
  hitRate: null,
  horizon: "1h",
  validUntil: "2999-11-25T15:00:00Z",
  holdsAtOpen: true,
  why: "",
  contracts: null,
};

it("a recommendation that holds has the colour of its side", () => {
  show(SIGNAL);

  expect(screen.getByText("BUY").className).toBe("up");
  expect(screen.queryByText("expired")).toBeNull();
});

it("one that is over is grey, and says so beside its side", () => {
  show({ ...SIGNAL, validUntil: "2020-11-25T15:00:00Z" });

  const side = screen.getByText("BUY");
  expect(side.className).toBe("quiet");
  expect(side.parentElement?.textContent).toContain("expired");
});

it("one whose end was not told is not called over", () => {
  show({ ...SIGNAL, validUntil: "" });

  expect(screen.queryByText("expired")).toBeNull();
});

function show(signal: Signal) {
  return showPage(<Signals signals={[signal]} opensAt="2026-11-25T14:30:00Z" market="CME_Futures" />, "/premarket", {});
}
