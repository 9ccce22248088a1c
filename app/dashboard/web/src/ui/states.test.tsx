import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { ApiProblem } from "../api/problems";
import { ErrorNote, QueryView } from "./states";

const refetch = () => {};

test("rows of the question before are said to be that", () => {
  const query = { data: ["ES"], error: null, isPlaceholderData: true, refetch };
  render(
    <QueryView query={query} what="alerts">
      {(rows) => <p>{rows.join()}</p>}
    </QueryView>,
  );

  expect(screen.getByRole("status").textContent).toContain("Loading alerts");
  expect(screen.getByText("ES")).toBeDefined();
});

test("what is not shown for want of a login is said quietly, as the header says it aloud", () => {
  const error = new ApiProblem(401, "Unauthorized", "who are you?");
  const { rerender } = render(
    <QueryView query={{ data: undefined as string | undefined, error, refetch }} what="alerts">
      {(row) => <p>{row}</p>}
    </QueryView>,
  );
  expect(screen.getByText("You are not logged in.")).toBeDefined();
  expect(screen.queryByRole("alert")).toBeNull();

  rerender(
    <QueryView query={{ data: "ES", error, refetch }} what="alerts">
      {(row) => <p>{row}</p>}
    </QueryView>,
  );
  expect(screen.getByText("ES")).toBeDefined();
  expect(screen.queryByText("You are not logged in.")).toBeNull();
});

test("a refusal that says when to come again is told with that", () => {
  render(<ErrorNote error={new ApiProblem(429, "Too Many Requests", "slow down", [], null, 4)} />);

  expect(screen.getByRole("alert").textContent).toContain("Try again in 4 s.");
});
