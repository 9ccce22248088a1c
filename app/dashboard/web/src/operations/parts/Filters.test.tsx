import { fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it } from "vitest";
import { DayField, TextField } from "./Filters";

function Days() {
  const [day, setDay] = useState("2026-11-25");
  return (
    <>
      <DayField label="Day" value={day} onChange={setDay} />
      <button type="button" onClick={() => setDay("")}>
        All
      </button>
    </>
  );
}

function Kinds() {
  const [kind, setKind] = useState("");
  return <TextField label="Kind" value={kind} onChange={setKind} />;
}

it("a day keeps its field and the focus while it is changed", () => {
  render(<Days />);
  const field = screen.getByLabelText<HTMLInputElement>("Day");
  expect(field.value).toBe("2026-11-25");
  field.focus();

  fireEvent.change(field, { target: { value: "2026-11-24" } });
  fireEvent.change(field, { target: { value: "2026-11-23" } });

  expect(screen.getByLabelText("Day")).toBe(field);
  expect(document.activeElement).toBe(field);
  expect(field.value).toBe("2026-11-23");
});

it("a day that is changed elsewhere is shown, and what does not count is gone when its field is left", async () => {
  render(<Days />);
  const field = screen.getByLabelText<HTMLInputElement>("Day");
  field.focus();
  fireEvent.change(field, { target: { value: "0202-11-24" } });
  field.blur();
  expect(field.value).toBe("2026-11-25");

  await userEvent.click(screen.getByRole("button", { name: "All" }));
  expect(field.value).toBe("");
});

it("a text keeps the focus when Enter makes it count", async () => {
  render(<Kinds />);
  const field = screen.getByLabelText("Kind");

  await userEvent.type(field, " late {Enter}");

  expect(document.activeElement).toBe(field);
  expect(screen.getByLabelText<HTMLInputElement>("Kind").value).toBe("late");
});
