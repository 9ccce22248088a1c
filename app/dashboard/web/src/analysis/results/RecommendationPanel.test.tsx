import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { showPage } from "../../testing/pages";
import { RecommendationPanel } from "./RecommendationPanel";

it("has the colour of its side while it is valid", () => {
  show("2999-01-06T21:00:00Z");

  expect(screen.getByText("▼ SELL").className).toBe("down");
  expect(screen.getByText("valid")).toBeDefined();
});

it("is grey when it has expired, and says so beside its side", () => {
  show("2020-01-06T21:00:00Z");

  const side = screen.getByText("▼ SELL");
  expect(side.className).toBe("quiet");
  expect(side.parentElement?.textContent).toContain("expired");
});

function show(validUntil: string) {
  const recommendation = { action: "SELL", strength: 0.6, reason_code: "", horizon: "1h", valid_until: validUntil };
  return showPage(<RecommendationPanel symbol="ES" tree={{ recommendation }} />, "/analysis/7/ES", {});
}
