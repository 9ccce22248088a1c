import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Shape } from "../../api/client";
import { answerWith } from "../../testing/answers";
import { ForRole } from "../../testing/callers";
import { CorrectionForm } from "./CorrectionForm";

const LETTER = {
  id: 17,
  state: "open",
  fields: { symbol: "ES", last: "N/A", note: { base64: "/w==" } },
  correction: { symbol: "NQ" },
} as unknown as Shape<"LetterAnswer">;
const asked: unknown[] = [];
let ended = () => {};

beforeEach(() => {
  asked.length = 0;
  ended = answerWith(async (request) => {
    asked.push(await request.json());
    return Response.json(LETTER);
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ForRole>
        <CorrectionForm letter={LETTER} />
      </ForRole>
    </QueryClientProvider>,
  );
});
afterEach(() => ended());

test("nothing is to be kept until something was changed", () => {
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Keep the correction" }).disabled).toBe(true);
});

test("the whole correction is sent: values, fields that are taken away and fields that are added", async () => {
  await userEvent.type(screen.getByLabelText("Correct last to"), "5000.25");
  await userEvent.click(screen.getByLabelText("Take note away"));
  await userEvent.type(screen.getByLabelText("Name of another field"), "bid{Enter}");
  await userEvent.type(screen.getByLabelText("Correct bid to"), "5000");
  await userEvent.click(screen.getByRole("button", { name: "Keep the correction" }));

  expect(asked).toEqual([{ fields: { symbol: "NQ", last: "5000.25", note: null, bid: "5000" }, reset: true }]);
});

test("a correction that is emptied is taken back", async () => {
  await userEvent.clear(screen.getByLabelText("Correct symbol to"));
  await userEvent.click(screen.getByRole("button", { name: "Keep the correction" }));

  expect(asked).toEqual([{ fields: {}, reset: true }]);
});
