import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { changeText, type Priced, priceText } from "./prices";

interface SharedCases {
  readonly instruments: Readonly<Record<string, Priced>>;
  readonly cases: readonly { symbol: string; price: string; text: string }[];
}

// The server's own test reads the same file.
const shared = JSON.parse(readFileSync("../../../tests/data/price_texts.json", "utf8")) as SharedCases;

it.each(shared.cases)("$symbol $price is $text, as the server writes it", ({ symbol, price, text }) => {
  expect(priceText(price, shared.instruments[symbol]).replaceAll(",", "")).toBe(text);
});

it("parts thousands", () => {
  expect(priceText("1234567.25", shared.instruments.ES)).toBe("1,234,567.25");
});

it("gives a change its sign, and none to no change", () => {
  expect(changeText("-1.75", shared.instruments.ES)).toBe("−1.75");
  expect(changeText("0.5", shared.instruments.ES)).toBe("+0.50");
  expect(changeText("0.00", shared.instruments.ES)).toBe("0.00");
  expect(changeText("-0.25", shared.instruments.ZB)).toBe("−0'08");
});

it("writes the price of an instrument that is not known as it came", () => {
  expect(priceText("6467.50", undefined)).toBe("6,467.50");
});
