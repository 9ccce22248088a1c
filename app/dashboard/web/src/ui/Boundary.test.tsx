import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Boundary } from "./Boundary";

function Broken(): never {
  throw new Error("Failed to fetch dynamically imported module");
}

it("keeps what lies around a page that fails, and says what to do", () => {
  vi.spyOn(console, "error").mockImplementation(() => {}); // React tells of every error that is caught.
  render(
    <>
      <header>the market is open</header>
      <Boundary>
        <Broken />
      </Boundary>
    </>,
  );

  expect(screen.getByText("the market is open")).toBeDefined();
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("This page cannot be shown");
  expect(screen.getByRole("button", { name: "Try again" })).toBeDefined();
  vi.mocked(console.error).mockRestore();
});
