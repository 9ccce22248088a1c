import { expect, it } from "vitest";
import { SubmitKey } from "./SubmitKey";

it("is kept while the same is asked again, and is another for another body", () => {
  let made = 0;
  const key = new SubmitKey(() => `key ${++made}`);

  const told = [key.of({ symbols: ["ES"] }), key.of({ symbols: ["ES"] }), key.of({ symbols: ["NQ"] })];

  expect(told).toEqual(["key 1", "key 1", "key 2"]);
});

it("is long enough for the API and never the same by chance", () => {
  expect(new SubmitKey().of({})).toMatch(/^[0-9a-f]{32}$/);
  expect(new SubmitKey().of({})).not.toBe(new SubmitKey().of({}));
});
